//! What a browser tells of its machine and its connection.

use js_sys::{Array, Function, RegExp};
use vitrine_tasks::{Device, Download, Link};
use wasm_bindgen::{JsCast, JsValue};

use crate::{global, property};

/// The machine, as far as the browser tells of it.
pub fn device() -> Device {
    const GIBIBYTE: f64 = 1_073_741_824.0;
    let navigator = global("navigator");
    let agent = property(&navigator, "userAgent").as_string().unwrap_or_default();
    let mobile = property(&property(&navigator, "userAgentData"), "mobile").as_bool();
    Device {
        memory: property(&navigator, "deviceMemory").as_f64().map(|memory| (memory * GIBIBYTE) as u64),
        cores: property(&navigator, "hardwareConcurrency").as_f64().map(|cores| cores as u32),
        mobile: mobile.unwrap_or_else(|| RegExp::new("Mobi|Android|iPhone|iPad", "").test(&agent)),
    }
}

/// Whether the connection asks to save data.
pub fn saves_data() -> bool {
    property(&connection(), "saveData").is_truthy()
}

/// How fast bytes come: measured with what this page has fetched over the network, else what the browser takes the
/// connection for.
pub fn link() -> Option<Link> {
    const BYTES_A_MEGABIT: f64 = 125_000.0;
    let told = || property(&connection(), "downlink").as_f64().filter(|megabits| *megabits > 0.0);
    Link::measured(&downloads()).or_else(|| told().map(|megabits| Link::Told(megabits * BYTES_A_MEGABIT)))
}

fn connection() -> JsValue {
    property(&global("navigator"), "connection")
}

/// The bodies that came over the network, of hosts that let this page time them.
fn downloads() -> Vec<Download> {
    let performance = global("performance");
    let entries = property(&performance, "getEntriesByType")
        .dyn_into::<Function>()
        .and_then(|entries| entries.call1(&performance, &"resource".into()));
    let number = |entry: &JsValue, name: &str| property(entry, name).as_f64().unwrap_or(0.0);
    let of_entry = |entry: JsValue| {
        let [start, end] = ["responseStart", "responseEnd"].map(|name| number(&entry, name));
        let [bytes, sent] = ["encodedBodySize", "transferSize"].map(|name| number(&entry, name));
        // What came from the cache was not sent, or only its headers were.
        (sent >= bytes && start > 0.0).then_some(Download { start, end, bytes })
    };
    let entries = entries.ok().and_then(|entries| entries.dyn_into::<Array>().ok()).unwrap_or_default();
    entries.iter().filter_map(of_entry).collect()
}
