//! The models kept on this device: listed and removed by the page itself, without a worker.

use vitrine_hub::{StorageError, Stored};
use vitrine_tasks::protocol::Failure;
use vitrine_tasks::{ErrorCode, StoredModel};

/// What is kept on this device.
pub(crate) async fn stored() -> Result<Vec<StoredModel>, Failure> {
    let stored = vitrine_hub::stored(&vitrine_browser::storage()).await.map_err(failed)?;
    let model = |Stored { endpoint, repo, key, bytes }| StoredModel { endpoint, model: repo, commit: key, bytes };
    Ok(stored.into_iter().map(model).collect())
}

/// Removes a model from this device, or all of them; answers what is left.
pub(crate) async fn remove(model: Option<StoredModel>) -> Result<Vec<StoredModel>, Failure> {
    let which = model.map(|StoredModel { endpoint, model, commit, bytes }| Stored {
        endpoint,
        repo: model,
        key: commit,
        bytes,
    });
    vitrine_hub::remove(&vitrine_browser::storage(), which.as_ref()).await.map_err(failed)?;
    stored().await
}

fn failed(error: StorageError) -> Failure {
    let message = match error {
        StorageError::Full => "there is no room on this device".to_owned(),
        StorageError::Unavailable(message) => message,
    };
    Failure::new(ErrorCode::Storage, message)
}
