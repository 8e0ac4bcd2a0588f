//! Every case, run natively, against the output of the Python library.

use std::collections::HashMap;

use futures_executor::block_on;
use serde_json::json;
use vitrine_hub::{Folder, RepoId, Repositories, Revision};
use vitrine_pipelines::{LoadOptions, Session, load};
use vitrine_tasks::TASKS;
use vitrine_tests::{Silent, cases, difference, folder_of};

fn session(model: &str, task: &str) -> Session {
    let (source, repo) = (Folder::new(folder_of(model)), RepoId::parse(model).unwrap());
    let options = LoadOptions {
        snapshot: block_on(source.snapshot(&repo, &Revision::parse("main").unwrap())).unwrap(),
        task: Some(task.to_owned()),
        dtype: "auto".to_owned(),
        device: None,
        cores: None,
        machine: None,
        later: None,
    };
    block_on(load(&source, &options, &Silent)).unwrap_or_else(|error| panic!("{model}: {error}"))
}

#[test]
fn outputs_are_pythons() {
    let mut sessions = HashMap::new();
    let mut wrong = Vec::new();
    let cases = cases();
    for (task, name, case) in &cases {
        let session = sessions.entry((case.model.clone(), task.clone())).or_insert_with(|| session(&case.model, task));
        let result = block_on(session.run(&case.inputs, &case.parameters, &Silent));
        let problem = match result {
            Ok(run) => difference(case, &serde_json::from_str(&run.output).unwrap()),
            Err(error) => Some(error.to_string()),
        };
        wrong.extend(problem.map(|problem| format!("{task}/{name} ({}): {problem}", case.made_by)));
    }
    for task in TASKS {
        let count = cases.iter().filter(|(tag, ..)| tag == task.tag).count();
        assert!(count >= 6, "{} has only {count} cases", task.tag);
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_difference_is_seen() {
    let (_, _, mut case) = cases().into_iter().find(|(task, ..)| task == "sentence-similarity").unwrap();
    assert_eq!(difference(&case, &case.output.clone()), None);
    case.output[0] = json!(case.output[0].as_f64().unwrap() + 0.001);
    let output = cases().into_iter().find(|(task, ..)| task == "sentence-similarity").unwrap().2.output;
    assert!(difference(&case, &output).is_some());
}
