//! The element's attributes, read once from text.

use serde_json::Value;
use vitrine_hub::Endpoint;
use vitrine_tasks::protocol::{Failure, Load};

/// When a model is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Loading {
    /// When the visitor asks for it.
    #[default]
    Click,
    /// When the widget comes into view.
    Visible,
    /// At once.
    Eager,
}

/// What the attributes say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub model: String,
    pub revision: String,
    pub task: Option<String>,
    /// As it is written; a relative one is relative to the page.
    pub endpoint: Option<String>,
    pub dtype: String,
    /// As it is written.
    pub cores: String,
    pub loading: Loading,
}

impl Attributes {
    /// Reads attributes by name.
    pub(crate) fn read(attribute: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| attribute(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Self {
            model: text("model").unwrap_or_default(),
            revision: text("revision").unwrap_or_else(|| "main".to_owned()),
            task: text("task"),
            endpoint: text("endpoint"),
            dtype: text("dtype").unwrap_or_else(|| "auto".to_owned()),
            cores: text("cores").unwrap_or_default(),
            loading: match text("loading").as_deref() {
                Some("visible") => Loading::Visible,
                Some("eager") => Loading::Eager,
                _ => Loading::Click,
            },
        }
    }

    /// What to ask the worker for.
    pub(crate) fn load(&self, base: &str, token: Option<String>) -> Result<Load, Failure> {
        Ok(Load {
            endpoint: endpoint_url(self.endpoint.as_deref(), base),
            model: self.model.clone(),
            revision: self.revision.clone(),
            task: self.task.clone(),
            dtype: self.dtype.clone(),
            cores: Load::parse_cores(&self.cores)?,
            token,
            snapshot: Value::Null,
        })
    }
}

/// An endpoint as an absolute address; the Hub where none is given.
pub(crate) fn endpoint_url(endpoint: Option<&str>, base: &str) -> String {
    let Some(endpoint) = endpoint else { return Endpoint::HUB.to_owned() };
    let absolute = web_sys::Url::new_with_base(endpoint, base).map(|url| url.href());
    absolute.unwrap_or_else(|_| endpoint.to_owned()).trim_end_matches('/').to_owned()
}
