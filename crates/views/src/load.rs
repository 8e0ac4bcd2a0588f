//! Whether the model is here: the consent before a download, its progress, ready, and a run in progress.

use maud::{Markup, html};
use vitrine_tasks::Expectation;
use vitrine_tasks::protocol::Phase;

use crate::icon::{Icon, icon};
use crate::{format, text};

/// What a visitor is asked before anything heavy happens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent<'a> {
    /// Bytes of all files that a load reads; 0 where the host does not tell.
    pub total: u64,
    /// Bytes of them that are on this device already.
    pub cached: u64,
    /// The files with their sizes.
    pub files: &'a [(&'a str, u64)],
    /// Whether the connection asks to save data.
    pub metered: bool,
    /// Whether the device may have too little memory.
    pub low_memory: bool,
    /// What the load will take, as far as that is known.
    pub expectation: Option<&'a Expectation>,
}

/// The region `status` before a load: what a click on `data-action="load"` downloads.
pub fn consent(consent: &Consent) -> Markup {
    let missing = consent.total.saturating_sub(consent.cached);
    let offline = consent.total > 0 && missing == 0;
    let told = consent.expectation.map(|told| expected(told, offline)).unwrap_or_default();
    html! {
        div class="card consent" {
            p class="title" {
                (icon(if offline { Icon::Check } else { Icon::Device }))
                span { (if offline { text::STORED_TITLE } else { text::CONSENT_TITLE }) }
                @if offline { span class="badge" { (text::READY_OFFLINE) } }
            }
            p class="muted" {
                @if consent.total == 0 { (text::SIZE_UNKNOWN) " " (text::NO_DOWNLOAD_YET) }
                @else if !told.is_empty() { (told) }
                @else if offline { (text::LOAD_FROM_DEVICE) }
                @else { (text::NO_DOWNLOAD_YET) }
            }
            @if !offline && consent.cached > 0 {
                p class="muted" { (text::partly_stored(consent.cached, consent.total)) }
            }
            @if consent.metered && !offline {
                p class="warning" { (icon(Icon::Warning)) span { (text::METERED) } }
            }
            @if consent.low_memory {
                p class="warning" { (icon(Icon::Warning)) span { (text::LOW_MEMORY) } }
            }
            button class="secondary" type="button" data-action="load" data-focus {
                (icon(if offline { Icon::Device } else { Icon::Download }))
                span {
                    (text::LOAD_MODEL)
                    @if consent.total > 0 { " · " (format::bytes(if offline { consent.total } else { missing })) }
                }
            }
            @if !consent.files.is_empty() {
                details class="files" {
                    summary { span { (text::FILES.of(consent.files.len())) } }
                    ul {
                        @for (path, size) in consent.files {
                            li { bdi class="mono" { (path) } span class="size" { (format::bytes(*size)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What a load takes, in a line: memory and time.
fn expected(told: &Expectation, offline: bool) -> String {
    let memory = told.memory.map(|memory| text::NEEDS.of(&format::bytes(memory)));
    let time = told.seconds.map(|seconds| match (offline, told.measured) {
        (true, _) => text::READY_IN.of(&format::about(seconds)),
        (false, true) => text::TAKES.of(&format::about(seconds)),
        (false, false) => text::TAKES.of(&format::about(one_digit(seconds))),
    });
    [memory, time].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A number with one digit other than 0: a browser's own word about a connection is not worth more.
fn one_digit(seconds: f64) -> f64 {
    let unit = 10f64.powf(seconds.max(1.0).log10().floor());
    (seconds / unit).round() * unit
}

/// The region `status` while the host is asked what the model holds.
pub fn consent_pending() -> Markup {
    html! { div class="state" { span class="spinner" aria-hidden="true" {} p { (text::ASKING) } } }
}

/// How far a load is.
#[derive(Debug, Clone, Copy)]
pub struct ProgressView<'a> {
    /// What is being done.
    pub phase: Phase,
    /// The file at hand.
    pub file: &'a str,
    /// Bytes that are here.
    pub loaded: u64,
    /// Bytes of all files; 0 where unknown.
    pub total: u64,
    /// Bytes that came from this device.
    pub cached: u64,
    /// How fast bytes come over the network.
    pub bytes_per_second: Option<f64>,
    /// How long the load still takes.
    pub seconds_left: Option<f64>,
}

impl ProgressView<'_> {
    /// The share that is done, from 0 to 1; `None` where the total is unknown.
    pub fn share(&self) -> Option<f64> {
        (self.total > 0).then(|| (self.loaded as f64 / self.total as f64).clamp(0.0, 1.0))
    }

    /// The share in whole per cent, as announced.
    pub fn percent(&self) -> Option<u64> {
        self.share().map(|share| (share * 100.0) as u64)
    }
}

/// The changing texts of [`progress`], each by the `data-live` of its element; the element writes those that differ
/// and sets the `value` of the `<progress>`, so that the button keeps its focus.
pub fn progress_live(view: &ProgressView) -> [(&'static str, String); 5] {
    let all_cached = view.cached > 0 && view.cached >= view.loaded;
    let phase = match view.phase {
        Phase::Waiting => text::PHASE_WAITING,
        Phase::Download if all_cached => text::PHASE_DEVICE,
        Phase::Download => text::PHASE_DOWNLOAD,
        Phase::Build => text::PHASE_BUILD,
    };
    let bytes = match view.total {
        0 => format::bytes(view.loaded),
        total => format!("{} / {}", format::bytes(view.loaded.min(total)), format::bytes(total)),
    };
    let downloading = view.phase == Phase::Download;
    let speed = view.bytes_per_second.filter(|speed| downloading && *speed > 0.0).map(format::speed);
    let left = view.seconds_left.filter(|left| downloading && left.is_finite()).map(text::time_left);
    let cached = (view.cached > 0 && !all_cached).then(|| text::FROM_DEVICE.of(&format::bytes(view.cached)));
    let rate: Vec<String> = [speed, left, cached].into_iter().flatten().collect();
    [
        ("phase", phase.as_str().to_owned()),
        ("percent", view.percent().map(|percent| text::PERCENT.of(&percent.to_string())).unwrap_or_default()),
        ("bytes", bytes),
        ("rate", rate.join(" · ")),
        ("file", view.file.to_owned()),
    ]
}

/// The region `status` during a load.
pub fn progress(view: &ProgressView) -> Markup {
    let [phase, percent, bytes, rate, file] = progress_live(view);
    let live = |(name, text): &(&str, String)| html! { span data-live=(name) { (text) } };
    html! {
        div class="card loading" {
            div class="line" {
                p class="title" { (live(&phase)) }
                p class="percent" { (live(&percent)) }
            }
            progress part="progress" aria-label=(text::PROGRESS) max="1" value=[view.share()] {}
            div class="line" {
                p class="muted amounts" { (live(&bytes)) " " (live(&rate)) }
                button class="quiet stop" type="button" data-action="abort" data-focus { (icon(Icon::Stop)) (text::STOP) }
            }
            p class="muted file mono" dir="ltr" { (live(&file)) }
        }
    }
}

/// A model that can be run at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ready {
    /// Whether its files are kept on this device.
    pub stored: bool,
    /// Bytes of memory in use.
    pub memory_bytes: Option<u64>,
}

/// The region `status` while the model waits for a run.
pub fn ready(view: &Ready) -> Markup {
    html! {
        div class="state" {
            span class="badge" { (icon(Icon::Check)) (if view.stored { text::READY_OFFLINE } else { text::READY }) }
            @if let Some(memory) = view.memory_bytes {
                p class="muted" { (text::MEMORY) " " (format::bytes(memory)) }
            }
        }
    }
}

/// A run in progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunningView {
    /// Milliseconds since it began.
    pub elapsed_ms: f64,
}

/// The changing text of [`running`], as with [`progress_live`].
pub fn running_live(view: &RunningView) -> [(&'static str, String); 1] {
    [("elapsed", if view.elapsed_ms < 1000.0 { String::new() } else { format::duration(view.elapsed_ms) })]
}

/// The region `status` during a run.
pub fn running(view: &RunningView) -> Markup {
    let [(name, elapsed)] = running_live(view);
    html! {
        div class="state busy" {
            span class="spinner" aria-hidden="true" {}
            p { span { (text::RUNNING) } " " span class="muted" data-live=(name) { (elapsed) } }
            button class="quiet stop" type="button" data-action="abort" data-focus { (icon(Icon::Stop)) (text::STOP) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> ProgressView<'static> {
        ProgressView {
            phase: Phase::Download,
            file: "model.safetensors",
            loaded: 45_400_000,
            total: 90_800_000,
            cached: 0,
            bytes_per_second: Some(3_100_000.0),
            seconds_left: Some(14.2),
        }
    }

    #[test]
    fn consent_tells_what_a_click_downloads() {
        let files = [("model.safetensors", 90_868_376)];
        let asked = Consent { total: 90_868_376, files: &files, ..Consent::default() };
        let html = consent(&asked).into_string();
        assert!(
            html.contains("Load model · 90.9 MB")
                && html.contains(text::NO_DOWNLOAD_YET.as_str())
                && html.contains("1 file<")
        );
        let html = consent(&Consent { cached: 78_868_376, metered: true, ..asked }).into_string();
        assert!(html.contains("Load model · 12.0 MB") && html.contains("78.9 MB of 90.9 MB already here"));
        assert!(html.contains(text::METERED.as_str()));
        let html = consent(&Consent { cached: 90_868_376, metered: true, ..asked }).into_string();
        assert!(
            html.contains(text::READY_OFFLINE.as_str())
                && !html.contains(text::METERED.as_str())
                && !html.contains(text::NO_DOWNLOAD_YET.as_str())
        );
        let html = consent(&Consent::default()).into_string();
        assert!(html.contains(text::SIZE_UNKNOWN.as_str()) && !html.contains("0 B") && !html.contains("<details"));
    }

    #[test]
    fn consent_tells_memory_and_time() {
        let told = Expectation { memory: Some(110_400_000), seconds: Some(36.9), measured: true };
        let line = |told: Expectation, cached| {
            let html = consent(&Consent { total: 90, cached, expectation: Some(&told), ..Consent::default() });
            let html = html.into_string();
            html.split("<p class=\"muted\">")
                .last()
                .unwrap_or_default()
                .split("</p>")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(line(told, 0), "Takes 110 MB of memory · about 37 s");
        let guessed = Expectation { measured: false, ..told };
        assert_eq!(line(guessed, 0), "Takes 110 MB of memory · about 40 s");
        let here = Expectation { seconds: Some(0.4), ..guessed };
        assert_eq!(line(here, 90), "Takes 110 MB of memory · ready in about 0.4 s");
        let short = Expectation { seconds: Some(4.26), ..told };
        assert_eq!(line(short, 0), "Takes 110 MB of memory · about 4.3 s");
        assert_eq!(line(Expectation { measured: false, ..short }, 0), "Takes 110 MB of memory · about 4 s");
        let long = Expectation { memory: None, seconds: Some(734.0), measured: false };
        assert_eq!(line(long, 0), "about 11 min 40 s");
        let unknown = Expectation { seconds: None, ..told };
        assert_eq!(line(unknown, 0), "Takes 110 MB of memory");
        let nothing = Expectation { memory: None, seconds: None, measured: false };
        assert!(!line(nothing, 0).contains("about"));
    }

    #[test]
    fn progress_tells_bytes_speed_and_time() {
        let html = progress(&view()).into_string();
        assert!(
            html.contains("45.4 MB / 90.8 MB") && html.contains("3.1 MB/s · about 15 s left") && html.contains(">50%<")
        );
        assert!(html.contains("value=\"0.5\""));
    }

    #[test]
    fn progress_survives_odd_numbers() {
        let odd = ProgressView {
            loaded: 10,
            total: 5,
            bytes_per_second: Some(f64::NAN),
            seconds_left: Some(f64::INFINITY),
            ..view()
        };
        assert!(progress(&odd).into_string().contains("value=\"1\""));
        let unknown = ProgressView { total: 0, ..odd };
        assert!(!progress(&unknown).into_string().contains("value="));
        let cached = ProgressView { loaded: 5, total: 9, cached: 5, ..view() };
        assert!(progress(&cached).into_string().contains(text::PHASE_DEVICE.as_str()));
    }

    #[test]
    fn short_runs_show_no_time() {
        assert_eq!(running_live(&RunningView { elapsed_ms: 800.0 })[0].1, "");
        assert_eq!(running_live(&RunningView { elapsed_ms: 2400.0 })[0].1, "2.4 s");
        let html = ready(&Ready { stored: true, memory_bytes: Some(113_000_000) }).into_string();
        assert!(html.contains(text::READY_OFFLINE.as_str()) && html.contains("113 MB"));
    }
}
