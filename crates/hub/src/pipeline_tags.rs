//! The Hub's pipeline tags: their names and modalities, in its order.

/// A field of work that tasks belong to (`MODALITIES` and `MODALITY_LABELS` of `@huggingface/tasks` 0.21.54).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    /// Several kinds of input or output at once.
    Multimodal,
    /// Text.
    Nlp,
    /// Images and video.
    Cv,
    /// Sound.
    Audio,
    /// Tables of numbers.
    Tabular,
    /// Reinforcement learning.
    Rl,
    /// None of the others.
    Other,
}

impl Modality {
    /// All of them, in the Hub's order.
    pub const ALL: &'static [Modality] =
        &[Self::Multimodal, Self::Nlp, Self::Cv, Self::Audio, Self::Tabular, Self::Rl, Self::Other];

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multimodal => "Multimodal",
            Self::Nlp => "Natural Language Processing",
            Self::Cv => "Computer Vision",
            Self::Audio => "Audio",
            Self::Tabular => "Tabular",
            Self::Rl => "Reinforcement Learning",
            Self::Other => "Other",
        }
    }
}

/// Every pipeline tag with its name and modality, in the Hub's order (`PIPELINE_DATA` of `@huggingface/tasks` 0.21.54, MIT).
pub const PIPELINE_TAGS: &[(&str, &str, Modality)] = &[
    ("text-classification", "Text Classification", Modality::Nlp),
    ("token-classification", "Token Classification", Modality::Nlp),
    ("table-question-answering", "Table Question Answering", Modality::Nlp),
    ("question-answering", "Question Answering", Modality::Nlp),
    ("zero-shot-classification", "Zero-Shot Classification", Modality::Nlp),
    ("translation", "Translation", Modality::Nlp),
    ("summarization", "Summarization", Modality::Nlp),
    ("feature-extraction", "Feature Extraction", Modality::Nlp),
    ("text-generation", "Text Generation", Modality::Nlp),
    ("fill-mask", "Fill-Mask", Modality::Nlp),
    ("sentence-similarity", "Sentence Similarity", Modality::Nlp),
    ("text-to-speech", "Text-to-Speech", Modality::Audio),
    ("text-to-audio", "Text-to-Audio", Modality::Audio),
    ("automatic-speech-recognition", "Automatic Speech Recognition", Modality::Audio),
    ("audio-to-audio", "Audio-to-Audio", Modality::Audio),
    ("audio-classification", "Audio Classification", Modality::Audio),
    ("audio-text-to-text", "Audio-Text-to-Text", Modality::Multimodal),
    ("voice-activity-detection", "Voice Activity Detection", Modality::Audio),
    ("depth-estimation", "Depth Estimation", Modality::Cv),
    ("image-classification", "Image Classification", Modality::Cv),
    ("object-detection", "Object Detection", Modality::Cv),
    ("image-segmentation", "Image Segmentation", Modality::Cv),
    ("text-to-image", "Text-to-Image", Modality::Cv),
    ("image-to-text", "Image-to-Text", Modality::Cv),
    ("image-to-image", "Image-to-Image", Modality::Cv),
    ("image-to-video", "Image-to-Video", Modality::Cv),
    ("unconditional-image-generation", "Unconditional Image Generation", Modality::Cv),
    ("video-classification", "Video Classification", Modality::Cv),
    ("reinforcement-learning", "Reinforcement Learning", Modality::Rl),
    ("robotics", "Robotics", Modality::Rl),
    ("tabular-classification", "Tabular Classification", Modality::Tabular),
    ("tabular-regression", "Tabular Regression", Modality::Tabular),
    ("tabular-to-text", "Tabular to Text", Modality::Tabular),
    ("table-to-text", "Table to Text", Modality::Nlp),
    ("multiple-choice", "Multiple Choice", Modality::Nlp),
    ("text-ranking", "Text Ranking", Modality::Nlp),
    ("text-retrieval", "Text Retrieval", Modality::Nlp),
    ("time-series-forecasting", "Time Series Forecasting", Modality::Tabular),
    ("text-to-video", "Text-to-Video", Modality::Cv),
    ("image-text-to-text", "Image-Text-to-Text", Modality::Multimodal),
    ("image-text-to-image", "Image-Text-to-Image", Modality::Multimodal),
    ("image-text-to-video", "Image-Text-to-Video", Modality::Multimodal),
    ("visual-question-answering", "Visual Question Answering", Modality::Multimodal),
    ("document-question-answering", "Document Question Answering", Modality::Multimodal),
    ("zero-shot-image-classification", "Zero-Shot Image Classification", Modality::Cv),
    ("graph-ml", "Graph Machine Learning", Modality::Other),
    ("mask-generation", "Mask Generation", Modality::Cv),
    ("zero-shot-object-detection", "Zero-Shot Object Detection", Modality::Cv),
    ("text-to-3d", "Text-to-3D", Modality::Cv),
    ("image-to-3d", "Image-to-3D", Modality::Cv),
    ("image-feature-extraction", "Image Feature Extraction", Modality::Cv),
    ("video-text-to-text", "Video-Text-to-Text", Modality::Multimodal),
    ("keypoint-detection", "Keypoint Detection", Modality::Cv),
    ("visual-document-retrieval", "Visual Document Retrieval", Modality::Multimodal),
    ("any-to-any", "Any-to-Any", Modality::Multimodal),
    ("video-to-video", "Video-to-Video", Modality::Cv),
    ("other", "Other", Modality::Other),
];
