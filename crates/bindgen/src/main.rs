//! `vitrine-bindgen`: writes the JavaScript glue of a wasm module, with the same wasm-bindgen that the workspace locks.

use std::env;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

const USAGE: &str = "usage: vitrine-bindgen IN.wasm OUT_DIR NAME";

/// Writes `OUT_DIR/NAME.js` and `OUT_DIR/NAME_bg.wasm`, an ES module for browsers without debug names.
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, out_dir, name] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    if let Err(error) = bindgen.web(true) {
        eprintln!("vitrine-bindgen: {error:#}");
        return ExitCode::FAILURE;
    }
    bindgen
        .input_path(input)
        .out_name(name)
        .typescript(false)
        .keep_debug(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    match bindgen.generate(out_dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vitrine-bindgen: {input}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
