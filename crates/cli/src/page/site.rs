//! The built site: the widget's scripts, modules and style sheets, which every page needs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::written::Written;
use crate::Failure;

/// Parts of the site that are the gallery's own.
const GALLERY: &[&str] = &["gallery.css", "gallery.js", "index.html", "models", "widget.png"];

/// A folder with the built site.
pub struct Assets(PathBuf);

/// Finds the built site: where it was said to be, else beside the program, else in `dist`.
pub fn assets(named: Option<&Path>) -> Result<Assets, Failure> {
    let program = env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent);
    let candidates = match named {
        Some(named) => vec![named.to_owned()],
        None => [
            beside.map(|folder| folder.join("site")),
            beside.map(|folder| folder.join("../../dist")),
            Some("dist".into()),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    let found = candidates.iter().find(|folder| folder.join("model-widget.js").is_file());
    found.map(|folder| Assets(folder.clone())).ok_or_else(|| {
        let place = named.unwrap_or(Path::new("dist")).display();
        Failure::error(format!("`{place}` holds no built site; `./build.sh build` makes one, and --site names it"))
    })
}

impl Assets {
    /// Where a file of the site is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Copies the site, without its gallery, to `assets/`.
    pub fn copy(&self, written: &mut Written) -> Result<(), Failure> {
        let mut folders = vec![(self.0.clone(), String::new())];
        let failed = |error: std::io::Error| Failure::error(format!("`{}` cannot be read: {error}", self.0.display()));
        while let Some((folder, prefix)) = folders.pop() {
            for entry in fs::read_dir(folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else { continue };
                if GALLERY.contains(&name.as_str()) || name.starts_with('.') {
                    continue;
                }
                match entry.file_type().map_err(failed)?.is_dir() {
                    true => folders.push((entry.path(), format!("{name}/"))),
                    false => written.copy(&format!("assets/{name}"), &entry.path())?,
                }
            }
        }
        Ok(())
    }
}
