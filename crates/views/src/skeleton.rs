//! The regions of the shadow root, in which everything else is placed.

use maud::{Markup, html};

/// A region of the shadow root: an element with this `data-region`. An empty one takes no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// The model's name, task and licence.
    Header,
    /// The task's form.
    Form,
    /// Whether the model is here: consent, progress, ready, running.
    Status,
    /// The last output.
    Output,
    /// The last error.
    Error,
    /// Privacy, embedding, storage.
    Footer,
    /// Read out when convenient; unseen.
    Announce,
    /// Read out at once; unseen.
    Alert,
}

impl Region {
    /// Every region, in the order of the page.
    pub const ALL: &'static [Region] = &[
        Region::Header,
        Region::Form,
        Region::Status,
        Region::Error,
        Region::Output,
        Region::Footer,
        Region::Announce,
        Region::Alert,
    ];

    /// The value of `data-region`.
    pub fn as_str(self) -> &'static str {
        match self {
            Region::Header => "header",
            Region::Form => "form",
            Region::Status => "status",
            Region::Output => "output",
            Region::Error => "error",
            Region::Footer => "footer",
            Region::Announce => "announce",
            Region::Alert => "alert",
        }
    }
}

/// The shadow root's content with every region given by `fill`; in the browser they start empty.
///
/// The slot `poster` is to be hidden (attribute `hidden`) when a load starts. The default slot is what pages show
/// without script; it is hidden here, and shown instead of the rest where the widget cannot start.
pub fn skeleton(fill: impl Fn(Region) -> Markup) -> Markup {
    let region = |region: Region| {
        html! { div class=(region.as_str()) data-region=(region.as_str()) { (fill(region)) } }
    };
    html! {
        slot hidden {}
        div class="widget" role="group" aria-labelledby="vitrine-name" {
            (region(Region::Header))
            div class="body" {
                (region(Region::Form))
                div class="answer" {
                    slot name="poster" {}
                    (region(Region::Status))
                    slot name="error" {
                        div class="error" part="error" data-region="error" { (fill(Region::Error)) }
                    }
                    div class="output" part="output" data-region="output" { (fill(Region::Output)) }
                }
            }
            div class="foot" part="footer" {
                (region(Region::Footer))
                slot name="footer" {}
            }
            div class="unseen" role="status" data-region="announce" { (fill(Region::Announce)) }
            div class="unseen" role="alert" data-region="alert" { (fill(Region::Alert)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_slot_and_live_region_exists_once() {
        let html = skeleton(|_| html! {}).into_string();
        for region in Region::ALL {
            assert_eq!(html.matches(&format!("data-region=\"{}\"", region.as_str())).count(), 1, "{region:?}");
        }
        for slot in ["<slot hidden>", "name=\"poster\"", "name=\"error\"", "name=\"footer\""] {
            assert_eq!(html.matches(slot).count(), 1, "{slot}");
        }
        assert!(html.contains("role=\"status\"") && html.contains("role=\"alert\""));
    }
}
