//! What a visitor does: clicks, keys and forms in the shadow root, and the widget coming into view.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use serde_json::Value;
use vitrine_browser::sleep;
use vitrine_tasks::protocol::Failure;
use vitrine_tasks::{ErrorCode, FieldKind, Table, TableEdit};
use vitrine_views::{list_rows, table_editor, text};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{
    ClipboardEvent, Element, Event, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit,
    KeyboardEvent,
};

use crate::dom::value_of;
use crate::storage;
use crate::widget::{ReadyState, State};

/// What listens to a shadow root, and to its coming into view.
pub(crate) struct Listeners {
    #[allow(dead_code, reason = "called by the browser")]
    handlers: Vec<Closure<dyn Fn(Event)>>,
    visibility: RefCell<Option<(IntersectionObserver, Seen)>>,
}

/// Called with what an observer has seen.
type Seen = Closure<dyn Fn(js_sys::Array)>;

/// Takes an event of one kind.
type Handler = fn(&Rc<State>, &Event);

impl Listeners {
    /// Listens to the widget's shadow root.
    pub(crate) fn new(state: &Rc<State>) -> Self {
        let kinds: [(&str, Handler); 4] =
            [("click", clicked), ("keydown", pressed), ("input", edited), ("paste", pasted)];
        let handlers = kinds.map(|(kind, handle)| {
            let weak: Weak<State> = Rc::downgrade(state);
            let handler = Closure::<dyn Fn(Event)>::new(move |event: Event| {
                if let Some(state) = weak.upgrade() {
                    handle(&state, &event);
                }
            });
            // A node of one's own takes any listener.
            let _ = state.dom.root().add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref());
            handler
        });
        Self { handlers: handlers.into(), visibility: RefCell::default() }
    }
}

impl State {
    /// Waits until the widget is near the visible part of the page.
    pub(crate) fn watch_visibility(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let seen = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let visible =
                entries.iter().any(|entry| entry.unchecked_into::<IntersectionObserverEntry>().is_intersecting());
            if let Some(state) = weak.upgrade().filter(|_| visible) {
                state.stop_watching();
                state.seen();
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin("200px");
        let observer = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options);
        match (observer, self.listeners.borrow().as_ref()) {
            (Ok(observer), Some(listeners)) => {
                observer.observe(&self.host);
                if let Some((before, _)) = listeners.visibility.replace(Some((observer, seen))) {
                    before.disconnect();
                }
            }
            _ => self.seen(),
        }
    }

    /// Waits no longer.
    pub(crate) fn stop_watching(&self) {
        let listeners = self.listeners.borrow();
        let watching = listeners.as_ref().and_then(|listeners| listeners.visibility.take());
        if let Some((observer, seen)) = watching {
            observer.disconnect();
            // The observer may be calling it at this moment.
            spawn_local(async move { drop(seen) });
        }
    }

    /// Runs what the form holds, as its button does.
    fn submit(self: &Rc<Self>) {
        if matches!(self.ready_state.get(), ReadyState::Loading) {
            return;
        }
        let Some(task) = self.task() else { return };
        let filled = task.filled_inputs(&self.current_inputs(), &self.current_parameters());
        if let Some(missing) = (task.missing_input)(&filled) {
            self.fail(Failure::new(ErrorCode::InvalidInputs, missing));
            return self
                .dom
                .focus(self.dom.all("[data-field]").into_iter().find(|field| value_of(field).trim().is_empty()));
        }
        let state = self.clone();
        // What fails is shown.
        spawn_local(async move { drop(state.run(None, None).await) });
    }

    /// Fills the form with an example, shows its author's output, and runs it where the model is here.
    fn pick_example(self: &Rc<Self>, index: usize) {
        let Some(task) = self.task() else { return };
        let examples = self.examples(task);
        let Some(example) = examples.get(index) else { return };
        self.take_example(&examples, example);
        self.dom.focus(self.dom.find(&format!("[data-action=example][data-index=\"{index}\"]")));
        self.show_output(true);
        if example.output.is_none() && self.session.borrow().is_some() {
            self.submit();
        }
    }

    /// Adds an empty row to a list, or takes one out.
    fn change_list(&self, name: &str, remove: Option<usize>) {
        let Some(field) = self.task().and_then(|task| task.fields.iter().find(|field| field.name == name)) else {
            return;
        };
        let mut texts = self.dom.texts(name);
        self.edited.set(true);
        match remove {
            Some(index) if index < texts.len() => drop(texts.remove(index)),
            Some(_) => {}
            None => texts.push(String::new()),
        }
        let FieldKind::TextList { .. } = field.kind else { return };
        if let Some(list) = self.dom.find(&format!("[data-list=\"{name}\"]")) {
            self.speak();
            list.set_inner_html(&list_rows(field, &texts).into_string());
        }
        let row = remove.unwrap_or(texts.len() - 1).min(texts.len().saturating_sub(1));
        self.dom.focus(self.dom.all(&format!("[data-field=\"{name}\"]")).into_iter().nth(row));
    }

    /// Changes the table of a field; the focus goes to the box with this number, the cells counted through the table.
    fn change_table(&self, name: &str, edit: &TableEdit) -> bool {
        let field = self.task().and_then(|task| task.fields.iter().find(|field| field.name == name));
        let place = self.dom.find(&format!("[data-table=\"{name}\"]"));
        let (Some(field), Some(place)) = (field, place) else { return false };
        let Some(mut table) = Table::of(&self.dom.field_value(field)) else { return false };
        let before = (table.rows.len(), table.columns.len());
        if !table.edit(edit) {
            return false;
        }
        self.edited.set(true);
        self.speak();
        place.set_inner_html(&table_editor(field, &table).into_string());
        let columns = table.columns.len();
        let cell = match *edit {
            TableEdit::AddRow => columns * table.rows.len(),
            TableEdit::AddColumn => columns - 1,
            TableEdit::RemoveRow(row) => columns * (row + 1).min(table.rows.len()),
            TableEdit::RemoveColumn(column) => column.min(columns - 1),
            TableEdit::Paste(cell, _) => cell / before.1 * columns + cell % before.1,
        };
        self.dom.focus(self.dom.all(&format!("[data-field=\"{name}\"]")).into_iter().nth(cell));
        true
    }

    /// Takes the task that an error offers, and loads the model for it from what is here.
    fn take_task(self: &Rc<Self>, tag: &str) {
        // Attributes of an element of one's own can always be set; it reads them anew.
        let _ = self.host.set_attribute("task", tag);
        spawn_local(futures_util::FutureExt::map(self.load(), drop));
    }

    /// Puts a text on the clipboard, and says so on the button.
    fn copy(self: &Rc<Self>, button: Element, copied: String) {
        let Some(clipboard) = web_sys::window().map(|window| window.navigator().clipboard()) else { return };
        if clipboard.is_undefined() {
            return;
        }
        let state = self.clone();
        spawn_local(async move {
            if wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&copied)).await.is_ok() {
                state.speak();
                let before = button.inner_html();
                button.set_text_content(Some(text::COPIED.as_str()));
                state.dom.say(text::COPIED.as_str(), false);
                sleep(Duration::from_millis(1500)).await;
                button.set_inner_html(&before);
            }
        });
    }

    /// Removes the model's files from this device; what is in memory goes on.
    fn forget(self: &Rc<Self>) {
        let Some(description) = self.description.borrow().clone() else { return };
        let state = self.clone();
        spawn_local(async move {
            match storage::remove(Some(description.stored(state.cached.get()))).await {
                Ok(_) => {
                    state.cached.set(0);
                    state.show_state();
                }
                Err(failure) => state.fail(failure),
            }
        });
    }

    /// Tries again with the access token that the visitor has entered.
    fn use_token(self: &Rc<Self>) {
        self.set_token(self.dom.find("[data-token]").map(|field| value_of(&field)));
        self.retry();
    }

    fn toggle_json(&self) {
        let shown = !self.json_shown();
        if let Some(output) = self.output.borrow_mut().as_mut() {
            output.json = shown;
        }
        self.show_output(false);
        self.dom.focus(self.dom.find("[data-action=json]"));
    }

    fn text_of(&self, selector: &str) -> String {
        self.dom.find(selector).and_then(|element| element.text_content()).unwrap_or_default()
    }
}

fn clicked(state: &Rc<State>, event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(button) = target.and_then(|target| target.closest("button").ok().flatten()) else { return };
    if button.get_attribute("type").as_deref() == Some("submit") {
        return submitted(state, event, &button);
    }
    let attribute = |name: &str| button.get_attribute(name).unwrap_or_default();
    let index = || attribute("data-index").parse().unwrap_or(usize::MAX);
    match attribute("data-action").as_str() {
        "load" => spawn_local(futures_util::FutureExt::map(state.load(), drop)),
        "abort" => state.abort(),
        "retry" => state.retry(),
        "example" => state.pick_example(index()),
        "add-item" => state.change_list(&attribute("data-list-name"), None),
        "remove-item" => state.change_list(&attribute("data-list-name"), Some(index())),
        "add-row" => drop(state.change_table(&attribute("data-list-name"), &TableEdit::AddRow)),
        "add-column" => drop(state.change_table(&attribute("data-list-name"), &TableEdit::AddColumn)),
        "remove-row" => drop(state.change_table(&attribute("data-list-name"), &TableEdit::RemoveRow(index()))),
        "remove-column" => drop(state.change_table(&attribute("data-list-name"), &TableEdit::RemoveColumn(index()))),
        "task" => state.take_task(&attribute("data-task")),
        "json" => state.toggle_json(),
        "copy" => {
            let output = state.output.borrow().as_ref().map(|shown| shown.output.clone()).unwrap_or(Value::Null);
            state.copy(button, serde_json::to_string_pretty(&output).unwrap_or_default());
        }
        "copy-snippet" => state.copy(button, state.text_of("[data-snippet]")),
        "copy-report" => state.copy(button, state.text_of("[data-report]")),
        "unload" => state.unload(),
        "forget" => state.forget(),
        _ => {}
    }
}

/// A form is sent by its button, with Enter too: where a frame may not send forms, its buttons can be pressed all the same.
fn submitted(state: &Rc<State>, event: &Event, button: &Element) {
    event.prevent_default();
    let form = button.closest("form").ok().flatten();
    match form.and_then(|form| form.get_attribute("data-action")).as_deref() {
        Some("run") => state.submit(),
        Some("token") => state.use_token(),
        _ => {}
    }
}

/// The visitor has changed a field or a parameter.
fn edited(state: &Rc<State>, event: &Event) {
    let control = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if control.is_some_and(|control| control.has_attribute("data-field") || control.has_attribute("data-parameter")) {
        state.edited.set(true);
    }
}

/// Cells that are pasted into a table go into its boxes.
fn pasted(state: &Rc<State>, event: &Event) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let table = target.closest("[data-table]").ok().flatten();
    let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
    let (Some(table), Some(text)) = (table, data.and_then(|data| data.get_data("text").ok())) else { return };
    let name = table.get_attribute("data-table").unwrap_or_default();
    let cells = state.dom.all(&format!("[data-field=\"{name}\"]"));
    let Some(cell) = cells.iter().position(|cell| *cell == target) else { return };
    if state.change_table(&name, &TableEdit::Paste(cell, &text)) {
        event.prevent_default();
    }
}

/// Ctrl + Enter or ⌘ + Enter runs from any field.
fn pressed(state: &Rc<State>, event: &Event) {
    let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
    if key.key() == "Enter" && (key.ctrl_key() || key.meta_key()) {
        event.prevent_default();
        let field = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        match field.is_some_and(|field| field.has_attribute("data-token")) {
            true => state.use_token(),
            false => state.submit(),
        }
    }
}
