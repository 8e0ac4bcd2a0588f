//! The widget's forms, outputs and states as HTML: pure functions of data, the same in the browser and natively.
//!
//! The shadow root has fixed regions ([`skeleton`]), each filled by the functions of one module, so that an update of
//! one never disturbs typing in another. Nothing here holds an inline style, a script or a handler: the page's element
//! listens for `data-action` on buttons and forms, and reads `data-field` and `data-parameter` from controls.
//! They speak the language that [`locale`] has in force.

mod announce;
mod answers;
mod bars;
mod cells;
mod entities;
mod error;
mod fills;
mod footer;
mod form;
pub mod format;
mod header;
mod icon;
mod json;
mod load;
pub mod locale;
mod marks;
mod numbers;
mod output;
mod parameters;
mod plural;
mod skeleton;
mod stored;
mod table_editor;
pub mod text;

pub use announce::{announce_error, announce_loaded_share, announce_output};
pub use error::{ErrorOptions, error, error_report};
pub use footer::{Footer, Snippet, footer, snippet};
pub use form::{FormOptions, Run, form, form_pending, list_rows, run_label};
pub use header::{Header, header};
pub use json::json;
pub use load::{
    Consent, ProgressView, Ready, RunningView, consent, consent_pending, progress, progress_live, ready, running,
    running_live,
};
pub use locale::{Plural, Text};
pub use maud::Markup;
pub use output::{RunMeta, no_output, output, output_alone};
pub use skeleton::{Region, skeleton};
pub use stored::stored_models;
pub use table_editor::table_editor;

/// Whether a link may point there: only `http`, `https` and paths, never `javascript:` and its like.
fn is_safe_url(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://") || url.starts_with('/') || url.starts_with("./")
}
