//! The closed list of error codes that leave Vitrine, each with the sentence that says what to do.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($variant:ident $code:literal $title:literal $remedy:literal)*) => {
        /// A stable error code, the same on the page, in the module and on the command line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ErrorCode {
            $(#[doc = $title] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code as programs see it, for instance `repo-not-found`.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)* }
            }

            /// What went wrong, in a few words for people.
            pub fn title(self) -> &'static str {
                match self { $(ErrorCode::$variant => $title,)* }
            }

            /// What the reader can do about it.
            pub fn remedy(self) -> &'static str {
                match self { $(ErrorCode::$variant => $remedy,)* }
            }
        }
    };
}

error_codes! {
    RepoNotFound "repo-not-found" "Model not found" "Check the spelling of the model’s name. If it is private, enter an access token that may read it."
    RevisionNotFound "revision-not-found" "Version not found" "Check the `revision` attribute: it names a branch, tag or commit of the model."
    EntryNotFound "entry-not-found" "A file is missing" "The repository lacks a file that this model needs. Its author can add it."
    GatedRepo "gated-repo" "Access is restricted" "Ask for access on the model’s page, then enter an access token that has been granted it."
    Network "network" "The host does not answer" "Check your connection, or try again later. What has arrived is kept."
    Truncated "truncated" "The download stopped early" "Try again: the download goes on where it stopped."
    Integrity "integrity" "The download is damaged" "What arrived is not what the author published, so it was not used. Try again later or from another network."
    RateLimited "rate-limited" "Too many requests" "The host asks to wait before the next request. Try again later."
    Cors "cors" "The host refuses other sites" "The files exist, but their host does not let this page read them. Its owner can allow it with an `Access-Control-Allow-Origin` header."
    UnsupportedTask "unsupported-task" "Task not supported" "Choose one of the tasks that this model suits, with the `task` attribute."
    UnsupportedArchitecture "unsupported-architecture" "Architecture not supported" "Vitrine cannot run this kind of model yet."
    UnsupportedHead "unsupported-head" "The model was not trained for this task" "Choose one of the tasks that this model suits, with the `task` attribute."
    UnsupportedDtype "unsupported-dtype" "Number format not supported" "Choose another `dtype`, or a checkpoint in f32, f16 or bf16."
    MalformedCheckpoint "malformed-checkpoint" "The checkpoint is malformed" "Its files contradict each other or their format. Its author can publish it again."
    MalformedTokenizer "malformed-tokenizer" "The tokenizer is malformed" "Its files contradict each other or their format. Its author can publish it again."
    InvalidInputs "invalid-inputs" "The inputs do not fit" "Complete or correct them and run again."
    OutOfMemory "out-of-memory" "Not enough memory" "Close other tabs, or choose a smaller model or `dtype`."
    Storage "storage" "Storage failed" "The model still runs from memory. Freeing disk space lets the browser keep it."
    UnsupportedBrowser "unsupported-browser" "This browser is too old" "Use a current version of Chrome, Edge, Firefox or Safari."
    Aborted "aborted" "Stopped" "Run again when you are ready."
    Internal "internal" "Something broke" "Try again. If it happens again, please report it with the details below."
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|known| known.as_str() == code).copied().ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn the_name_in_json_is_the_code() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}
