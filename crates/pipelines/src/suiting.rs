//! Which head a checkpoint was trained with, and which tasks suit it: what a visitor is offered instead of an answer that
//! would be random.

use vitrine_models::{Architecture, Config, Head};
use vitrine_tasks::{TASKS, Task};

use crate::Error;
use crate::registry::{PIPELINES, Suits};

/// The heads that a checkpoint was trained with, as far as the class tells from which it was saved, and the names of its
/// tensors where they are known.
pub(crate) fn heads(architecture: &Architecture, config: &Config, tensors: Option<&[&str]>) -> Vec<Head> {
    let class = class_head(config);
    let found = tensors.map(|names| architecture.heads_among(names));
    match (class, found) {
        (Some(head), Some(found)) if !found.contains(&head) => found,
        (Some(head), _) => vec![head],
        (None, found) => found.unwrap_or_default(),
    }
}

/// The head of the class that a checkpoint was saved from; none where the class has no head, or several.
pub(crate) fn class_head(config: &Config) -> Option<Head> {
    let class = config.architectures().into_iter().next()?;
    Head::of_class(class).filter(|head| *head != Head::None)
}

/// The tasks of these heads, then those that need no head.
pub(crate) fn tasks_of(heads: &[Head], config: &Config) -> Vec<&'static str> {
    let trained = |head: Head| head != Head::None && heads.contains(&head);
    let of_head = PIPELINES.iter().filter(|entry| trained(entry.head) && (entry.suits)(config) == Suits::Yes);
    let without = PIPELINES.iter().filter(|entry| entry.head == Head::None);
    of_head.chain(without).map(|entry| entry.task.tag).collect()
}

/// A task that cannot be run, or none, for a repository of which the classes are known at most.
pub(crate) fn unsupported_task(tag: &str, classes: &[String]) -> Error {
    let heads: Vec<Head> = classes.iter().filter_map(|class| Head::of_class(class)).collect();
    let tasks = match Config::parse(b"{}") {
        Ok(unknown) if !heads.is_empty() => tasks_of(&heads, &unknown),
        _ => TASKS.iter().map(|task| task.tag).collect(),
    };
    let what = match tag {
        "" => "the repository names no task".to_owned(),
        _ => format!("`{tag}` is not supported yet"),
    };
    Error::UnsupportedTask { message: format!("{what}; choose one of {}", tasks.join(", ")), tasks }
}

/// A checkpoint of these heads that has none for the task.
pub(crate) fn unsupported_head(reason: &str, task: &Task, heads: &[Head], config: &Config) -> Error {
    let tasks: Vec<&str> = tasks_of(heads, config).into_iter().filter(|tag| *tag != task.tag).collect();
    let what = match (config.architectures().first(), heads) {
        (Some(class), _) => (*class).to_owned(),
        (None, []) => "a model without a head".to_owned(),
        (None, [head, ..]) => format!("a model with a head for {}", head.name()),
    };
    let message = format!(
        "the checkpoint is {what}, which has no trained head for {} ({reason}); it suits {}",
        task.tag,
        tasks.join(", ")
    );
    Error::UnsupportedHead { message, tasks }
}
