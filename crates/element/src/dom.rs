//! The shadow root: regions filled from views, live texts, and what the form holds.

use serde_json::{Map, Value};
use vitrine_tasks::{Field, Task, split_at_commas};
use vitrine_views::{Markup, Region, skeleton};
use wasm_bindgen::JsCast;
use web_sys::{
    Element, HtmlElement, HtmlInputElement, HtmlProgressElement, HtmlSelectElement, HtmlTextAreaElement, ShadowRoot,
};

/// A widget's shadow root.
#[derive(Clone)]
pub(crate) struct Dom {
    root: ShadowRoot,
}

/// What a visitor types in or chooses from.
const CONTROLS: &str = "[data-field], [data-parameter]";

/// Where someone is typing: in which control, and between which characters.
pub(crate) struct Caret {
    position: usize,
    selection: (Option<u32>, Option<u32>),
}

impl Dom {
    /// Fills the root with empty regions.
    pub(crate) fn new(root: ShadowRoot) -> Self {
        root.set_inner_html(&skeleton(|_| Markup::default()).into_string());
        Self { root }
    }

    pub(crate) fn root(&self) -> &ShadowRoot {
        &self.root
    }

    pub(crate) fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).ok().flatten()
    }

    /// The elements that match, in order.
    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let Ok(found) = self.root.query_selector_all(selector) else { return Vec::new() };
        (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
    }

    /// Fills a region. Where the focus was in it, it moves to what stands in the same place.
    pub(crate) fn fill(&self, region: Region, markup: Markup) {
        let Some(element) = self.find(&format!("[data-region={}]", region.as_str())) else { return };
        let focused = self.root.active_element().is_some_and(|active| element.contains(Some(&active)));
        element.set_inner_html(&markup.into_string());
        if focused {
            let next = element.query_selector("[data-focus]").ok().flatten();
            self.focus(next.or_else(|| self.find("[part~=run]")));
        }
    }

    /// Moves the focus.
    pub(crate) fn focus(&self, element: Option<Element>) {
        if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            // An element that cannot take the focus leaves it where it was.
            let _ = element.focus();
        }
    }

    /// Where someone is typing, if they are.
    pub(crate) fn caret(&self) -> Option<Caret> {
        let active = self.root.active_element()?;
        let position = self.all(CONTROLS).iter().position(|control| *control == active)?;
        let selection = match (active.dyn_ref::<HtmlInputElement>(), active.dyn_ref::<HtmlTextAreaElement>()) {
            (Some(input), _) => (input.selection_start().ok().flatten(), input.selection_end().ok().flatten()),
            (_, Some(area)) => (area.selection_start().ok().flatten(), area.selection_end().ok().flatten()),
            _ => (None, None),
        };
        Some(Caret { position, selection })
    }

    /// Lets typing go on there.
    pub(crate) fn set_caret(&self, caret: &Caret) {
        let Some(control) = self.all(CONTROLS).into_iter().nth(caret.position) else { return };
        self.focus(Some(control.clone()));
        if let (Some(start), Some(end)) = caret.selection {
            // Controls without text have no selection to set.
            let _ = match (control.dyn_ref::<HtmlInputElement>(), control.dyn_ref::<HtmlTextAreaElement>()) {
                (Some(input), _) => input.set_selection_range(start, end),
                (_, Some(area)) => area.set_selection_range(start, end),
                _ => Ok(()),
            };
        }
    }

    /// Writes texts that have changed, each into the element with its `data-live`.
    pub(crate) fn live(&self, texts: &[(&'static str, String)]) {
        for (name, text) in texts {
            if let Some(element) = self.find(&format!("[data-live={name}]"))
                && element.text_content().as_deref() != Some(text)
            {
                element.set_text_content(Some(text));
            }
        }
    }

    /// Moves the progress bar.
    pub(crate) fn progress(&self, share: Option<f64>) {
        let bar = self.find("progress").and_then(|bar| bar.dyn_into::<HtmlProgressElement>().ok());
        match (bar, share) {
            (Some(bar), Some(share)) => bar.set_value(share),
            // A bar without a value says that no one knows how long it takes.
            (Some(bar), None) => drop(bar.remove_attribute("value")),
            (None, _) => {}
        }
    }

    /// Says something to those who do not see the widget; `urgent` interrupts.
    pub(crate) fn say(&self, text: &str, urgent: bool) {
        let region = if urgent { Region::Alert } else { Region::Announce };
        if let Some(element) = self.find(&format!("[data-region={}]", region.as_str())) {
            element.set_text_content(Some(text));
        }
    }

    /// Shows or hides what the page has put into a slot.
    pub(crate) fn show_slot(&self, name: &str, shown: bool) {
        if let Some(slot) = self.find(&format!("slot[name={name}]")) {
            // Attributes of an element of one's own can always be set.
            let _ = if shown { slot.remove_attribute("hidden") } else { slot.set_attribute("hidden", "") };
        }
    }

    /// The task's inputs as the form holds them.
    pub(crate) fn inputs(&self, task: &Task) -> Value {
        task.inputs_of_fields(
            task.fields.iter().map(|field| (field.name.to_owned(), self.field_value(field))).collect(),
        )
    }

    /// What the boxes of a field hold.
    pub(crate) fn field_value(&self, field: &Field) -> Value {
        let table = self.find(&format!("[data-table=\"{}\"] [data-columns]", field.name));
        let columns = table.and_then(|table| table.get_attribute("data-columns")?.parse().ok());
        field.value_of(self.texts(field.name), columns.unwrap_or(1))
    }

    /// What stands in the boxes of a field.
    pub(crate) fn texts(&self, field: &str) -> Vec<String> {
        self.all(&format!("[data-field=\"{field}\"]")).iter().map(value_of).collect()
    }

    /// The parameters that the form sets; null where it sets none.
    pub(crate) fn parameters(&self) -> Value {
        let mut parameters = Map::new();
        for control in self.all("[data-parameter]") {
            let (text, kind) = (value_of(&control), control.get_attribute("data-kind").unwrap_or_default());
            let value = match kind.as_str() {
                _ if text.is_empty() => continue,
                "integer" => text.parse::<u64>().map_or(Value::String(text), Value::from),
                "boolean" => Value::Bool(text == "true"),
                "list" => split_at_commas(&text).collect(),
                _ => Value::String(text),
            };
            parameters.insert(control.get_attribute("data-parameter").unwrap_or_default(), value);
        }
        if parameters.is_empty() { Value::Null } else { Value::Object(parameters) }
    }
}

/// What stands in a control.
pub(crate) fn value_of(control: &Element) -> String {
    if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
        return input.value();
    }
    if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
        return area.value();
    }
    control.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default()
}
