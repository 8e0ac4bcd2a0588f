//! What is known of a model before anything heavy is fetched: its card, its files, and what of them is on this device.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use serde_json::Value;
use vitrine_hub::{
    Endpoint, Error, Plan, RepoId, Repositories, Revision, Snapshot, Token, Wanted, cached_bytes, least_table, plan,
};
use vitrine_tasks::protocol::{Failure, Load};
use vitrine_tasks::{ErrorCode, Example, Expectation, LoadSize, StoredModel, TASKS, Task, examples, refusal, task};

/// A repository as its host and this device describe it.
#[derive(Debug, Clone)]
pub(crate) struct Description {
    pub snapshot: Snapshot,
    pub plan: Plan,
    pub task: &'static Task,
    pub examples: Vec<Example>,
}

/// Describes what a load would load.
pub(crate) async fn describe(load: &Load) -> Result<Description, Failure> {
    let snapshot = snapshot(load).await?;
    let tag = load.task.as_deref().or_else(|| snapshot.task());
    let task = tag.and_then(task).ok_or_else(|| unsupported(tag))?;
    let examples = examples::examples(task, snapshot.card.get("widget"), snapshot.card.language());
    Ok(Description { plan: plan(&snapshot, Wanted::of_dtype(&load.dtype)), task, examples, snapshot })
}

/// Asks the host once; what is known from an earlier visit stands in for a host that cannot be reached.
pub(crate) async fn snapshot(load: &Load) -> Result<Snapshot, Failure> {
    let endpoint = Endpoint::parse(&load.endpoint).map_err(failed)?;
    let repo = RepoId::parse(&load.model).map_err(failed)?;
    let revision = Revision::parse(&load.revision).map_err(failed)?;
    let token = load.token.as_deref().and_then(Token::parse);
    shared_snapshot(endpoint, repo, revision, token).await.map_err(failed)
}

/// What is asked for, and the answer that all who ask at the same time wait for.
type Asking =
    HashMap<(Endpoint, RepoId, Revision, Option<String>), Shared<LocalBoxFuture<'static, Result<Snapshot, Error>>>>;

thread_local! {
    static ASKING: RefCell<Asking> = RefCell::default();
}

/// Asks a host once for all widgets of a page that want to know the same.
async fn shared_snapshot(
    endpoint: Endpoint,
    repo: RepoId,
    revision: Revision,
    token: Option<Token>,
) -> Result<Snapshot, Error> {
    let key = (endpoint.clone(), repo.clone(), revision.clone(), token.as_ref().map(Token::header));
    let ask = || {
        let source = vitrine_browser::source(endpoint, token);
        async move { source.snapshot(&repo, &revision).await }.boxed_local().shared()
    };
    let asking = ASKING.with_borrow_mut(|all| all.entry(key.clone()).or_insert_with(ask).clone());
    let answer = asking.await;
    ASKING.with_borrow_mut(|all| all.remove(&key));
    answer
}

impl Description {
    /// Bytes of the planned files that are on this device.
    pub(crate) async fn cached(&self) -> u64 {
        cached_bytes(&vitrine_browser::storage(), &self.snapshot, &self.plan).await
    }

    /// What a load with this `dtype` will take here, `stored` bytes of which are on this device.
    pub(crate) fn expectation(&self, dtype: &str, stored: u64) -> Expectation {
        let fetched = self.plan.bytes().saturating_sub(stored).saturating_sub(self.later());
        let index = self.plan.index.as_deref();
        let small = self.plan.small.iter().filter(|file| Some(file.path.as_str()) != index).map(|file| file.size).sum();
        let numbers = self.snapshot.numbers_of(&self.plan.weights);
        let size = LoadSize { fetched, stored, small, numbers };
        // What is compact stays so in memory.
        let dtype = if self.plan.is_compact() { "q8" } else { dtype };
        Expectation::of(&size, dtype, &vitrine_browser::device(), vitrine_browser::link())
    }

    /// Bytes of the table of words, where it comes after a first answer.
    fn later(&self) -> u64 {
        let [file] = self.plan.weights.as_slice() else { return 0 };
        // To fill a mask every word is weighed.
        let Some(least) = least_table(&self.snapshot, file).filter(|_| self.task.tag != "fill-mask") else { return 0 };
        let numbers = self.snapshot.numbers_of(&self.plan.weights).max(1);
        let width = (file.size.saturating_add(numbers / 2) / numbers).clamp(1, 4);
        let bytes = self.snapshot.table.saturating_mul(width);
        if bytes >= least && bytes < file.size { bytes } else { 0 }
    }

    /// Why the model cannot be loaded here, where its size tells that.
    pub(crate) fn refusal(&self, dtype: &str) -> Option<Failure> {
        refusal(self.snapshot.numbers_of(&self.plan.weights), dtype, &vitrine_browser::device())
    }

    /// What of this repository is on this device.
    pub(crate) fn stored(&self, bytes: u64) -> StoredModel {
        let Snapshot { endpoint, repo, key, .. } = &self.snapshot;
        StoredModel { endpoint: endpoint.clone(), model: repo.clone(), commit: key.clone(), bytes }
    }

    /// The licence as the card names it.
    pub(crate) fn licence(&self) -> Option<&str> {
        let card = &self.snapshot.card;
        card.text("license").filter(|licence| *licence != "other").or_else(|| card.text("license_name"))
    }

    /// Whether the card says that the model compares two texts: a data set of natural language inference, or a tag.
    pub(crate) fn compares_pairs(&self) -> bool {
        const TAGS: &[&str] = &["cross-encoder", "natural-language-inference", "nli", "zero-shot-classification"];
        let card = &self.snapshot.card;
        let says = |key: &str, fits: &dyn Fn(&str) -> bool| match card.get(key) {
            Value::Array(entries) => entries.iter().filter_map(Value::as_str).any(fits),
            entry => entry.as_str().is_some_and(fits),
        };
        says("datasets", &|name| name.to_ascii_lowercase().contains("nli")) || says("tags", &|tag| TAGS.contains(&tag))
    }

    /// `inference.parameters` of the card: the author's defaults.
    pub(crate) fn parameters(&self) -> &Value {
        self.snapshot.card.get("inference").get("parameters").unwrap_or(&Value::Null)
    }
}

fn failed(error: Error) -> Failure {
    Failure::new(error.code().parse().unwrap_or(ErrorCode::Internal), error.to_string())
}

fn unsupported(tag: Option<&str>) -> Failure {
    let offered = TASKS.iter().map(|task| format!("`{}`", task.tag)).collect::<Vec<_>>().join(", ");
    let message = match tag {
        Some(tag) => format!("`{tag}` is not supported yet; the tasks are {offered}"),
        None => format!("the repository names no task; choose one of {offered}"),
    };
    Failure::new(ErrorCode::UnsupportedTask, message)
}
