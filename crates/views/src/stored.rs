//! The models kept on this device, each with a button that removes it.

use maud::{Markup, html};
use vitrine_tasks::StoredModel;

use crate::icon::{Icon, icon};
use crate::{format, text};

/// The list; its buttons carry `data-action="remove"` with the model's index, or `data-action="remove-all"`.
pub fn stored_models(models: &[StoredModel]) -> Markup {
    let total: u64 = models.iter().fold(0, |sum, model| sum.saturating_add(model.bytes));
    html! {
        div class="stored" role="group" aria-label=(text::STORED) {
            @if models.is_empty() {
                p class="muted" { (text::NOTHING_STORED) }
            } @else {
                ul {
                    @for (index, model) in models.iter().enumerate() {
                        li {
                            span class="which" {
                                bdi class="model" { (model.model) }
                                span class="muted" {
                                    bdi class="mono" title=(model.commit) { (format::commit(&model.commit)) }
                                    " · "
                                    bdi { (host(&model.endpoint)) }
                                }
                            }
                            span class="size" { (format::bytes(model.bytes)) }
                            button class="icon-button" type="button" data-action="remove" data-index=(index)
                                aria-label=(text::REMOVE_MODEL.of(&model.model)) title=(text::REMOVE) { (icon(Icon::Trash)) }
                        }
                    }
                }
                div class="line" {
                    p class="muted" { (format::bytes(total)) }
                    button class="quiet" type="button" data-action="remove-all" { (text::REMOVE_ALL) }
                }
            }
        }
    }
}

/// An endpoint without its scheme.
fn host(endpoint: &str) -> &str {
    endpoint.split_once("://").map_or(endpoint, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_can_be_removed() {
        let model = |model: &str, bytes| StoredModel {
            endpoint: "https://huggingface.co".to_owned(),
            model: model.to_owned(),
            commit: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf".to_owned(),
            bytes,
        };
        let html = stored_models(&[model("org/<b>", 90_900_000), model("gpt2", u64::MAX)]).into_string();
        assert_eq!(html.matches("data-action=\"remove\"").count(), 2);
        assert!(html.contains("aria-label=\"Remove org/&lt;b&gt;\"") && html.contains(">huggingface.co<"));
        assert!(html.contains("c9745ed<") && html.contains("remove-all"));
        assert!(stored_models(&[]).into_string().contains(text::NOTHING_STORED.as_str()));
    }
}
