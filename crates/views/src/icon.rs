//! The few icons of the widget, drawn in the colour of the text around them and unseen by screen readers.

use maud::{Markup, html};

/// The name of an icon.
#[derive(Clone, Copy)]
pub(crate) enum Icon {
    Add,
    Check,
    Close,
    Code,
    Copy,
    Device,
    Download,
    Info,
    Lock,
    Retry,
    Shield,
    Stop,
    Trash,
    Warning,
}

/// Draws `icon` at the size of the text.
pub(crate) fn icon(icon: Icon) -> Markup {
    let path = match icon {
        Icon::Add => "M12 5v14M5 12h14",
        Icon::Check => "M5 12.5l4.5 4.5L19 7.5",
        Icon::Close => "M6 6l12 12M18 6L6 18",
        Icon::Code => "M8.5 7L3.5 12l5 5M15.5 7l5 5-5 5",
        Icon::Copy => "M9 9h9a2 2 0 012 2v8a2 2 0 01-2 2H9a2 2 0 01-2-2v-8a2 2 0 012-2zM4 15V5a2 2 0 012-2h9",
        Icon::Device => "M5 5h14a1 1 0 011 1v9a1 1 0 01-1 1H5a1 1 0 01-1-1V6a1 1 0 011-1zM2 20h20",
        Icon::Download => "M12 4v11m-5-4.5l5 5 5-5M4 20h16",
        Icon::Info => "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5.5M12 7.5v.1",
        Icon::Lock => "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 017 0V11",
        Icon::Retry => "M20 12a8 8 0 11-2.4-5.7M20 3v5h-5",
        Icon::Shield => "M12 3l7.5 3v5.5c0 4.6-3.1 8-7.5 9.5-4.4-1.5-7.5-4.9-7.5-9.5V6zM8.8 12l2.3 2.3 4.2-4.4",
        Icon::Stop => "M6 6h12v12H6z",
        Icon::Trash => "M4 7h16M9.5 7V4h5v3M6.5 7l.8 13h9.4l.8-13M10 11v5.5M14 11v5.5",
        Icon::Warning => "M12 4l9 16H3zM12 10.5v4M12 17.2v.1",
    };
    html! { svg class="icon" viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}
