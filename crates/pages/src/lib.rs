//! Model pages and the index of a static hub as HTML: pure functions of data.
//!
//! A page works without script: what its author wrote, example outputs, files and versions are plain HTML. Nothing here
//! holds an inline style, a script or a handler; the pages' script and style sheets are files of the site.

mod frame;
mod index;
mod locales;
mod model;
mod place;
pub mod text;

pub use index::{Entry, entry, index};
pub use locales::{has_language, language_file, languages};
pub use model::{Model, bundle_page, model_page};
pub use place::{BUNDLE_ROOT, Bundled, Place};
