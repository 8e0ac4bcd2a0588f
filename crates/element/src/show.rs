//! What a widget shows: its state put into views, and views into the regions of its shadow root.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use vitrine_browser::sleep;
use vitrine_hub::Endpoint;
use vitrine_tasks::protocol::Progress;
use vitrine_tasks::{ErrorCode, Task, fill_mask, task};
use vitrine_views::{
    Consent, ErrorOptions, Footer, FormOptions, Header, Markup, ProgressView, Ready, Region, Run, RunMeta, RunningView,
    Snippet, announce_error, announce_loaded_share, announce_output, consent, consent_pending, error, footer, form,
    form_pending, header, no_output, output, progress, progress_live, ready, run_label, running, running_live, snippet,
};
use wasm_bindgen_futures::spawn_local;

use crate::attributes::endpoint_url;
use crate::description::Description;
use crate::widget::{ReadyState, Shown, State};

/// How fast bytes come over the network, averaged over the last seconds.
#[derive(Default)]
pub(crate) struct Meter {
    /// Time in milliseconds and bytes at the last look.
    last: Cell<Option<(f64, u64)>>,
    speed: Cell<Option<f64>>,
}

impl Meter {
    /// Bytes a second after `bytes` have come by now.
    fn measure(&self, bytes: u64) -> Option<f64> {
        const LEAST_MILLISECONDS: f64 = 250.0;
        const WEIGHT: f64 = 0.2;
        let now = js_sys::Date::now();
        match self.last.get() {
            None => self.last.set(Some((now, bytes))),
            Some((time, before)) if now - time >= LEAST_MILLISECONDS => {
                let speed = bytes.saturating_sub(before) as f64 / (now - time) * 1000.0;
                let average = self.speed.get().map_or(speed, |average| average + (speed - average) * WEIGHT);
                self.speed.set(Some(average));
                self.last.set(Some((now, bytes)));
            }
            Some(_) => {}
        }
        self.speed.get()
    }
}

impl State {
    /// Shows everything anew.
    pub(crate) fn show_all(&self) {
        self.show_header();
        self.show_form();
        self.show_state();
    }

    fn show_header(&self) {
        self.speak();
        let (attributes, description) = (self.attributes.borrow(), self.description.borrow());
        let description = description.as_deref();
        let commit = description.and_then(|description| description.snapshot.commit.as_deref());
        let url = self.page_url();
        self.dom.fill(
            Region::Header,
            header(&Header {
                repo: &attributes.model,
                url: url.as_deref(),
                task: self.task(),
                commit: commit.or(Some(attributes.revision.as_str()).filter(|revision| *revision != "main")),
                licence: description.and_then(Description::licence),
                gated: description.is_some_and(|description| description.snapshot.gated),
            }),
        );
    }

    /// Shows the form with the present inputs; who is typing in it goes on where they were.
    pub(crate) fn show_form(&self) {
        self.speak();
        self.take_edits();
        let (parameters, inputs) = (self.parameters.borrow(), self.inputs.borrow());
        let markup = match self.task() {
            None if self.error.borrow().is_some() => Markup::default(),
            None => form_pending(),
            Some(task) => {
                let mask_token = self.mask_token.borrow();
                let options = FormOptions {
                    run: self.run_kind(),
                    mac: is_mac(),
                    parameters: Some(&parameters),
                    mask_token: mask_token.as_deref().filter(|_| task.tag == fill_mask::TASK.tag),
                    open_optional: self.compares_pairs.get(),
                };
                form(task, &inputs, &self.examples(task), &options)
            }
        };
        let caret = self.dom.caret();
        self.dom.fill(Region::Form, markup);
        if let Some(caret) = caret {
            self.dom.set_caret(&caret);
        }
    }

    /// Shows where the widget is in its life; the form is left as it is.
    pub(crate) fn show_state(&self) {
        self.speak();
        let run = self.run_kind();
        self.dom.live(&[("run", run_label(run).to_owned())]);
        if let Some(button) = self.dom.find("[part~=run]") {
            // Attributes of an element of one's own can always be set.
            let _ = match run.is_busy() {
                true => button.set_attribute("aria-disabled", "true"),
                false => button.remove_attribute("aria-disabled"),
            };
        }
        let before_load =
            matches!(self.ready_state.get(), ReadyState::Idle | ReadyState::Error) && self.session.borrow().is_none();
        self.dom.show_slot("poster", before_load);
        self.show_error();
        match self.ready_state.get() {
            ReadyState::Loading | ReadyState::Running => {}
            _ => self.show_status(),
        }
        self.show_output(false);
        self.show_footer();
    }

    fn show_status(&self) {
        let description = self.description.borrow();
        let markup = match description.as_deref() {
            _ if self.session.borrow().is_some() => {
                let stored = self.stored_bytes().is_some();
                ready(&Ready { stored, memory_bytes: None })
            }
            // The error says why there is nothing to load.
            Some(_) if self.refusal().is_some() => Markup::default(),
            Some(description) => {
                let files: Vec<(&str, u64)> =
                    description.plan.files().map(|file| (file.path.as_str(), file.size)).collect();
                let expectation = description.expectation(&self.attributes.borrow().dtype, self.cached.get());
                consent(&Consent {
                    total: description.plan.bytes(),
                    cached: self.cached.get(),
                    files: &files,
                    metered: vitrine_browser::saves_data(),
                    low_memory: has_little(expectation.memory),
                    expectation: Some(&expectation),
                })
            }
            None if self.error.borrow().is_some() => Markup::default(),
            None => consent_pending(),
        };
        self.dom.fill(Region::Status, markup);
    }

    /// Shows that the host is being asked.
    pub(crate) fn show_asking(&self) {
        self.speak();
        if self.ready_state.get() == ReadyState::Idle {
            self.dom.fill(Region::Status, consent_pending());
        }
    }

    fn show_error(&self) {
        let failure = self.error.borrow();
        let markup = failure.as_ref().map_or_else(Markup::default, |failure| {
            let attributes = self.attributes.borrow();
            let endpoint = endpoint_url(attributes.endpoint.as_deref(), &self.base());
            let host = Endpoint::parse(&endpoint).map(|endpoint| endpoint.origin().to_owned()).unwrap_or_default();
            let token_may_help = matches!(failure.code, ErrorCode::GatedRepo | ErrorCode::RepoNotFound);
            let can_retry = !matches!(
                failure.code,
                ErrorCode::InvalidInputs
                    | ErrorCode::UnsupportedTask
                    | ErrorCode::UnsupportedArchitecture
                    | ErrorCode::UnsupportedHead
                    | ErrorCode::UnsupportedDtype
                    | ErrorCode::UnsupportedBrowser
            ) && self.refusal().is_none();
            let details =
                format!("model: {}\nrevision: {}\nendpoint: {endpoint}", attributes.model, attributes.revision);
            let token_host = token_may_help.then_some(host.as_str());
            let options = ErrorOptions { can_retry, token_host, tasks: &failure.tasks, details: &details };
            error(failure.code, &failure.message, &options)
        });
        self.dom.fill(Region::Error, markup);
        if let Some(failure) = failure.as_ref() {
            self.dom.say(&announce_error(failure.code, &failure.message), true);
        }
    }

    /// Shows the output; `announced` says that it is new.
    pub(crate) fn show_output(&self, announced: bool) {
        self.speak();
        let shown = self.output.borrow();
        let markup = match (shown.as_ref(), self.task()) {
            (Some(Shown { inputs, output: value, done, json }), Some(task)) => {
                if announced {
                    self.dom.say(&announce_output(task, inputs, value), false);
                }
                let meta = RunMeta {
                    elapsed_ms: done.as_ref().map(|done| done.elapsed),
                    memory_bytes: done.as_ref().map(|done| done.memory_bytes),
                    author: done.is_none(),
                    json: *json,
                };
                let notes = done.as_ref().map(|done| done.notes.as_slice()).unwrap_or_default();
                output(task, inputs, value, notes, &meta)
            }
            _ => no_output(),
        };
        self.dom.fill(Region::Output, markup);
    }

    fn show_footer(&self) {
        let (loaded, weights) = (self.session.borrow().is_some(), self.weights.borrow());
        let (attributes, description) = (self.attributes.borrow(), self.description.borrow());
        let commit = description.as_deref().and_then(|description| description.snapshot.commit.as_deref());
        let endpoint = attributes.endpoint.as_deref().map(|endpoint| endpoint_url(Some(endpoint), &self.base()));
        let url = self.page_url();
        let code = snippet(&Snippet {
            model: &attributes.model,
            revision: commit.or(Some(attributes.revision.as_str()).filter(|revision| *revision != "main")),
            task: attributes.task.as_deref(),
            endpoint: endpoint.as_deref(),
            url: url.as_deref(),
            script_url: &self.script,
        });
        self.dom.fill(
            Region::Footer,
            footer(&Footer {
                can_unload: loaded,
                weights: loaded.then_some((weights.0.as_str(), weights.1.as_str())),
                stored_bytes: self.stored_bytes(),
                snippet: (!attributes.model.is_empty() && has_host(&self.script)).then_some(code.as_str()),
                home: None,
            }),
        );
    }

    /// Shows that a load begins.
    pub(crate) fn show_load_begins(&self) {
        self.show_state();
        let total = self.description.borrow().as_ref().map_or(0, |description| description.plan.bytes());
        let begins = Progress {
            phase: vitrine_tasks::protocol::Phase::Download,
            file: String::new(),
            loaded: 0,
            total,
            cached: 0,
        };
        self.dom.fill(Region::Status, progress(&view(&begins, None)));
    }

    /// Shows how far a load is; `announced` is the share that has been read out.
    pub(crate) fn show_progress(&self, now: &Progress, meter: &Meter, announced: &Cell<u64>) {
        self.speak();
        let view = view(now, meter.measure(now.loaded.saturating_sub(now.cached)));
        self.dom.live(&progress_live(&view));
        self.dom.progress(view.share());
        if let Some(percent) = view.percent() {
            if let Some(text) = announce_loaded_share(announced.get(), percent) {
                self.dom.say(&text, false);
            }
            announced.set(percent);
        }
    }

    /// Shows that run `run` begins, and how long it takes.
    pub(crate) fn show_run_begins(self: &Rc<Self>, run: u32) {
        self.show_state();
        self.dom.fill(Region::Status, running(&RunningView { elapsed_ms: 0.0 }));
        let (state, start) = (Rc::downgrade(self), js_sys::Date::now());
        spawn_local(async move {
            loop {
                sleep(Duration::from_millis(500)).await;
                let Some(state) = state.upgrade() else { return };
                if state.ready_state.get() != ReadyState::Running || state.runs.get() != run {
                    return;
                }
                state.speak();
                state.dom.live(&running_live(&RunningView { elapsed_ms: js_sys::Date::now() - start }));
            }
        });
    }

    /// The task, as far as it is known.
    pub(crate) fn task(&self) -> Option<&'static Task> {
        let described = self.description.borrow().as_ref().map(|description| description.task);
        described.or_else(|| task(self.attributes.borrow().task.as_deref()?))
    }

    /// Whether the JSON of the output is open.
    pub(crate) fn json_shown(&self) -> bool {
        self.output.borrow().as_ref().is_some_and(|shown| shown.json)
    }

    /// Bytes of this model on this device, where there are any.
    pub(crate) fn stored_bytes(&self) -> Option<u64> {
        Some(self.cached.get()).filter(|bytes| *bytes > 0)
    }

    fn run_kind(&self) -> Run {
        match self.ready_state.get() {
            ReadyState::Loading => Run::Loading,
            ReadyState::Running => Run::Running,
            _ if self.session.borrow().is_some() => Run::Run,
            _ => Run::LoadAndRun,
        }
    }

    /// The model's page, on hosts that have pages.
    fn page_url(&self) -> Option<String> {
        let attributes = self.attributes.borrow();
        (attributes.endpoint.is_none() && !attributes.model.is_empty())
            .then(|| format!("{}/{}", Endpoint::HUB, attributes.model))
    }
}

fn view(progress: &Progress, bytes_per_second: Option<f64>) -> ProgressView<'_> {
    let left = progress.total.saturating_sub(progress.loaded) as f64;
    ProgressView {
        phase: progress.phase,
        file: &progress.file,
        loaded: progress.loaded,
        total: progress.total,
        cached: progress.cached,
        bytes_per_second,
        seconds_left: bytes_per_second.filter(|speed| *speed > 0.0).map(|speed| left / speed),
    }
}

/// Whether others can fetch what is at this address: the files of a bundle have a host that there is not (RFC 2606).
fn has_host(url: &str) -> bool {
    !url.starts_with("https://vitrine.invalid/")
}

/// Whether the device may have too little memory for so many bytes: a page gets about a quarter of it.
fn has_little(bytes: Option<u64>) -> bool {
    let memory = vitrine_browser::device().memory;
    memory.zip(bytes).is_some_and(|(memory, bytes)| bytes > memory / 4)
}

fn is_mac() -> bool {
    let platform = web_sys::window().and_then(|window| window.navigator().platform().ok());
    platform.is_some_and(|platform| platform.starts_with("Mac") || platform.starts_with("iP"))
}
