//! Writes `www/locales/en-xa.json`, the pseudo-locale: English that stands out wherever a text is shown without being looked up,
//! and is as long as other languages are: `cargo run -p vitrine-pages --example pseudo_locale`.

use std::path::Path;

use serde_json::{Map, Value};

fn main() -> std::io::Result<()> {
    let locales = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/locales");
    // Any other table has the same keys.
    let german: Map<String, Value> = serde_json::from_str(&std::fs::read_to_string(locales.join("de.json"))?)?;
    let table = table(german.keys().map(String::as_str));
    std::fs::write(locales.join("en-xa.json"), format!("{}\n", serde_json::to_string_pretty(&table)?))
}

/// The table of these texts.
pub fn table<'a>(texts: impl Iterator<Item = &'a str>) -> Map<String, Value> {
    let plurals = || vitrine_views::text::PLURALS.iter().chain(vitrine_pages::text::PLURALS);
    let entry = |text: &str| {
        let entry = match plurals().find(|plural| plural.english() == text).map(|plural| plural.forms()) {
            Some(Value::Object(forms)) => {
                let form =
                    |(category, form): (String, Value)| (category, pseudo(form.as_str().unwrap_or_default()).into());
                Value::Object(forms.into_iter().map(form).collect())
            }
            _ => pseudo(text).into(),
        };
        (text.to_owned(), entry)
    };
    texts.map(entry).collect()
}

/// A text with accents, in brackets, about 40 % longer; places and code stay as they are.
fn pseudo(text: &str) -> String {
    const PLAIN: &str = "AaCcDdEeGgHhIiKkLlNnOoRrSsTtUuWwYyZz";
    const ACCENTED: &str = "ÅåÇçĐđÉéĜĝĤĥÎîĶķĻļÑñÖöŔŕŠšŢţÛûŴŵÝýŽž";
    let mut closes = None;
    let accented = |letter: char| match PLAIN.chars().position(|plain| plain == letter) {
        Some(index) => ACCENTED.chars().nth(index).unwrap_or(letter),
        None => letter,
    };
    let changed: String = text
        .chars()
        .map(|letter| {
            if let Some(end) = closes {
                closes = (letter != end).then_some(end);
                return letter;
            }
            closes = match letter {
                '{' => Some('}'),
                '`' => Some('`'),
                _ => None,
            };
            accented(letter)
        })
        .collect();
    let more = text.chars().filter(|letter| letter.is_alphabetic()).count() * 2 / 5;
    // Lines can break in it, as between words.
    let more: String = (0..more).map(|index| if index % 6 == 0 { ' ' } else { '~' }).collect();
    format!("[{changed}{more}]")
}
