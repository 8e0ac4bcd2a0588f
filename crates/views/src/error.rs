//! A failure: what went wrong, what to do about it, and the details for a report.

use maud::{Markup, html};
use vitrine_tasks::{ErrorCode, task};

use crate::icon::{Icon, icon};
use crate::locale::{is_translated, translated};
use crate::text;

/// What can be done about an error here.
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrorOptions<'a> {
    /// Whether trying again may help.
    pub can_retry: bool,
    /// The host that an access token would be sent to, where one may help.
    pub token_host: Option<&'a str>,
    /// The pipeline tags of tasks that suit the model, to be offered instead.
    pub tasks: &'a [String],
    /// More lines for the details, for instance the model, its commit and the browser; never what was typed.
    pub details: &'a str,
}

/// The region `error`. A task is offered by `button[data-action="task"]` with its tag in `data-task`. The token's form
/// is `form[data-action="token"]` with the field `[data-token]`.
pub fn error(code: ErrorCode, message: &str, options: &ErrorOptions) -> Markup {
    let calm = matches!(code, ErrorCode::Aborted | ErrorCode::InvalidInputs);
    html! {
        div class={ "card failure" (if calm { " calm" } else { "" }) } data-code=(code.as_str()) {
            p class="title" { (icon(if calm { Icon::Info } else { Icon::Warning })) span { (translated(code.title())) } }
            @if !message.is_empty() {
                // What a library says is English.
                @let lang = (!is_translated(message)).then_some("en");
                p class="message" dir="auto" lang=[lang] { (with_code(&capitalised(translated(message)))) }
            }
            p class="remedy" { (with_code(translated(code.remedy()))) }
            @let offered: Vec<_> = options.tasks.iter().filter_map(|tag| task(tag)).collect();
            @if !offered.is_empty() {
                div class="chips" role="group" aria-label=(text::SUITED) {
                    @for task in offered {
                        button class="chip" type="button" data-action="task" data-task=(task.tag) { (translated(task.name)) }
                    }
                }
            }
            @if let Some(host) = options.token_host {
                form class="token" data-action="token" autocomplete="off" {
                    label part="label" for="vitrine-token" { (text::TOKEN) }
                    div class="row" {
                        input part="input" id="vitrine-token" type="password" autocomplete="off" spellcheck="false" dir="ltr"
                            placeholder="hf_…" data-token aria-describedby="vitrine-token-hint" required;
                        button class="secondary" type="submit" { (text::USE_TOKEN) }
                    }
                    p class="hint" id="vitrine-token-hint" { (text::TOKEN_PROMISE.of(host)) }
                }
            }
            @if options.can_retry {
                button class="secondary" type="button" data-action="retry" data-focus {
                    (icon(Icon::Retry)) (text::RETRY)
                }
            }
            @if !calm {
                details class="report" {
                    summary { (text::DETAILS) }
                    div class="code" {
                        pre dir="ltr" tabindex="0" role="group" aria-label=(text::DETAILS) {
                            code data-report { (error_report(code, message, options.details)) }
                        }
                        button class="quiet" type="button" data-action="copy-report" { (icon(Icon::Copy)) (text::COPY) }
                    }
                }
            }
        }
    }
}

/// The text of the details, for copying.
pub fn error_report(code: ErrorCode, message: &str, details: &str) -> String {
    let mut report = code.as_str().to_owned();
    if !message.is_empty() {
        report.push_str(": ");
        report.push_str(message);
    }
    if !details.is_empty() {
        report.push('\n');
        report.push_str(details);
    }
    report
}

/// The message with a large first letter, as sentences have; names in backticks stay as they are.
fn capitalised(message: &str) -> String {
    let mut sentence = message.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

/// Text in which what stands between backticks is code.
fn with_code(text: &str) -> Markup {
    let closed = text.matches('`').count() / 2 * 2;
    html! {
        @for (index, part) in text.splitn(closed + 1, '`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_title_and_remedy() {
        for code in ErrorCode::ALL {
            let html = error(*code, "`a<b>` & c", &ErrorOptions::default()).into_string();
            assert!(html.contains(translated(code.title())) && html.contains(&format!("data-code=\"{code}\"")));
            assert!(html.contains("<code>a&lt;b&gt;</code> &amp; c") && !html.contains("<b>"));
        }
    }

    #[test]
    fn backticks_in_pairs_become_code() {
        assert_eq!(with_code("a `b` c").into_string(), "a <code>b</code> c");
        assert_eq!(with_code("it`s `b` c").into_string(), "it<code>s </code>b` c");
        assert_eq!(with_code("").into_string(), "");
    }

    #[test]
    fn a_token_is_asked_for_only_where_it_helps() {
        let html = error(ErrorCode::GatedRepo, "", &ErrorOptions::default()).into_string();
        assert!(!html.contains("password") && !html.contains("data-action=\"retry\""));
        let options =
            ErrorOptions { token_host: Some("<huggingface.co>"), can_retry: true, details: "line", tasks: &[] };
        let html = error(ErrorCode::GatedRepo, "", &options).into_string();
        assert!(html.contains("type=\"password\"") && html.contains("sent only to &lt;huggingface.co&gt;"));
        assert!(html.contains("data-action=\"retry\"") && html.contains("gated-repo\nline"));
    }

    #[test]
    fn suited_tasks_are_offered() {
        let tasks = ["fill-mask".to_owned(), "<unknown>".to_owned()];
        let options = ErrorOptions { tasks: &tasks, ..ErrorOptions::default() };
        let html = error(ErrorCode::UnsupportedHead, "the head is missing", &options).into_string();
        assert!(html.contains("data-action=\"task\" data-task=\"fill-mask\">Fill-Mask</button>"));
        assert_eq!(html.matches("data-action=\"task\"").count(), 1);
        assert!(html.contains(">The head is missing<") && html.contains("unsupported-head: the head is missing"));
        assert!(!error(ErrorCode::UnsupportedHead, "", &ErrorOptions::default()).into_string().contains("chips"));
    }
}
