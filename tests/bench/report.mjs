export function writeReport(results) { console.log(JSON.stringify(results).slice(0,300)); return false }
