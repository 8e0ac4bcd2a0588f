//! Renders cards: reads lines of JSON strings with Markdown, and writes lines of JSON strings with HTML.

use std::io::{BufRead, Write};

use vitrine_cards::{Links, render};

fn main() -> std::io::Result<()> {
    let file = |path: &str| format!("/own/{}", path.replace('%', "%25").replace(' ', "%20"));
    let links = Links { file: &file, page: &file, own: &["/own/"], words: vitrine_cards::Words::ENGLISH };
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let markdown: String = serde_json::from_str(&line?)?;
        writeln!(output, "{}", serde_json::to_string(&render(&markdown, &links).html)?)?;
    }
    Ok(())
}
