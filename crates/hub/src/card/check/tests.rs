//! What the check says of cards: the Hub's words where they are known (issues and pull requests of huggingface_hub, mteb and
//! ai-toolkit quote them), and which line it points at.

use super::*;

/// Each problem as `line severity message`.
fn told(readme: &str) -> Vec<String> {
    let line = |problem: &Problem| problem.line.map(|line| line.to_string()).unwrap_or_default();
    check(readme).iter().map(|problem| format!("{} {} {}", line(problem), problem.severity, problem.message)).collect()
}

/// The same of metadata that begins on line 2.
fn told_of(yaml: &str) -> Vec<String> {
    told(&format!("---\n{yaml}\n---\n# Title\n"))
}

/// The only problem there is.
#[track_caller]
fn only(yaml: &str) -> String {
    let told = told_of(yaml);
    assert_eq!(told.len(), 1, "{yaml}: {told:#?}");
    told.into_iter().next().unwrap()
}

#[test]
fn a_full_card_has_no_problem() {
    let readme = "---
language:
- en
- multilingual
license: other
license_name: coqui-public-model-license
license_link: https://coqui.ai/cpml
library_name: transformers
pipeline_tag: question-answering
tags: [squad, not-for-all-audiences]
datasets: [squad, HuggingFaceH4/no_robots]
metrics: [f1, exact_match]
base_model: HuggingFaceH4/zephyr-7b-beta
base_model_relation: finetune
new_version: HuggingFaceH4/zephyr-7b-gemma
thumbnail: https://example.org/thumbnail.png
instance_prompt: null
inference:
  parameters: {top_k: 2}
mask_token: <mask>
widget:
- text: What's my name?
  context: My name is Clara and I live in Berkeley.
  example_title: Name
  output: {answer: Clara, score: 0.9}
co2_eq_emissions:
  emissions: 1.2345
  source: AutoTrain
extra_gated_heading: Acknowledge license to accept the repository
extra_gated_fields:
  Company: text
  I want to use this model for:
    type: select
    options: [Research, {label: Other, value: other}]
extra_gated_eu_disallowed: true
my_own_field: [1, 2]
model-index:
- name: Yi-34B
  results:
  - task: {type: text-generation}
    dataset: {name: ai2_arc, type: ai2_arc, config: ARC-Challenge, split: test}
    metrics:
    - {name: AI2 Reasoning Challenge (25-Shot), type: acc_norm, value: 64.59, verified: true}
    source: {name: Open LLM Leaderboard, url: \"https://huggingface.co/spaces/HuggingFaceH4/open_llm_leaderboard\"}
---
";
    assert_eq!(told(readme), [""; 0]);
    assert_eq!(told(&format!("\u{feff} \n{}", readme.replace('\n', "\r\n"))), [""; 0]);
}

#[test]
fn cards_without_metadata_are_told_so_in_the_hubs_words() {
    for readme in ["This is a modelcard without metadata", "", "---\n\n---\n", "---\n# a comment\n---\n"] {
        let told = told(readme);
        assert_eq!(told.len(), 1, "{readme:?}");
        assert!(told[0].ends_with(" warning empty or missing yaml metadata in repo card"), "{told:?}");
    }
    assert!(told("---\nlicense: mit\n")[0].starts_with("1 warning empty or missing yaml metadata"));
    assert!(only("- a\n- list").starts_with("2 error the metadata must be a map"));
}

#[test]
fn yaml_that_is_malformed_or_unbounded_is_an_error_on_its_line() {
    assert!(only("a: 1\nb:\n  c: 2\n d: 3").starts_with("5 error the metadata is not valid YAML"));
    assert!(only("license: mit\ntags: [a, b").contains("not valid YAML"));
    // js-yaml's words.
    for yaml in ["license: mit\n\ttags: [a]", "model:\n\ttags: [a]"] {
        assert!(only(yaml).starts_with("3 error "), "{yaml:?}");
        assert!(only(yaml).ends_with("tab characters must not be used in indentation"), "{yaml:?}");
    }
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]");
    for level in 1..12 {
        bomb += &format!("\na{level}: &a{level} [{}]", format!("*a{},", level - 1).repeat(10));
    }
    assert!(only(&bomb).ends_with("error the metadata is not valid YAML: too many values"));
    assert!(
        only(&format!("a: {}", "[".repeat(70))).starts_with("2 error the metadata is not valid YAML: too many levels")
    );
}

#[test]
fn keys_that_are_there_twice_are_errors_with_both_lines() {
    let told = told(
        "\n\n---\r\ntags: [a]\r\nlicense: mit\r\ntags: [b]\r\nmodel-index:\r\n- {name: a, results: [], name: b}\r\n---\r\n",
    );
    assert_eq!(
        told,
        [
            "6 error duplicated mapping key: \"tags\" is on line 4 already",
            "8 error duplicated mapping key: \"name\" is on line 8 already",
        ]
    );
    // As in Python, the last one is read.
    assert_eq!(crate::ModelCard::parse("---\ntags: [a]\ntags: [b]\n---\n").tags(), ["b"]);
}

#[test]
fn kinds_of_values_are_checked_in_the_hubs_words() {
    assert_eq!(only("model-index: not correct"), "2 error \"model-index\" must be an array");
    assert_eq!(only("widget: text"), "2 error \"widget\" must be an array");
    assert_eq!(only("datasets:\n- null"), "3 error \"datasets[0]\" must be a string");
    assert_eq!(only("tags: bert"), "2 error \"tags\" must be an array");
    assert_eq!(only("license: {a: b}"), "2 error \"license\" must be a string");
    assert_eq!(only("license: mit\nlibrary_name: 3"), "3 error \"library_name\" must be a string");
    assert_eq!(only("co2_eq_emissions: much"), "2 error \"co2_eq_emissions\" must be a number");
    assert_eq!(only("co2_eq_emissions:\n  emissions: [1]"), "3 error \"co2_eq_emissions.emissions\" must be a number");
    assert_eq!(only("inference: perhaps"), "2 error \"inference\" must be one of [boolean, object]");
    assert_eq!(only("metrics:\n- f1\n- {f1: 1}"), "4 error \"metrics[1]\" must be a string");
    assert_eq!(only("license:"), "2 warning \"license\" has no value");
}

#[test]
fn languages_are_iso_codes() {
    assert_eq!(only("language:\n- zh-CN"), "3 error \"language[0]\" must only contain lowercase characters");
    assert_eq!(
        only("language: [pt, pt_pt]"),
        "2 error \"language[1]\" with value \"pt_pt\" is not valid. It must be an ISO 639-1, 639-2 or 639-3 code (two/three letters), or a special value like \"code\", \"multilingual\". If you want to use BCP-47 identifiers, you can specify them in language_bcp47."
    );
    // YAML 1.2 has no truth value `no`.
    assert_eq!(told_of("language: no"), [""; 0]);
}

#[test]
fn licences_are_the_hubs_and_others_have_names() {
    let unknown = only("license: apache2.0");
    assert!(unknown.starts_with("2 error \"license\" must be one of"), "{unknown}");
    assert!(unknown.ends_with("Did you mean \"apache-2.0\"?"), "{unknown}");
    assert!(only("license:\n- mit\n- gpl-2.0-or-later").starts_with("4 error \"license[1]\" must be one of"));
    assert!(only("license: other").starts_with("2 warning \"license\" is \"other\""));
    assert_eq!(told_of("license: other\nlicense_name: my-own\nlicense_link: LICENSE"), [""; 0]);
    assert!(
        only("license: other\nlicense_name: my-own\nlicense_link: terms.txt")
            .starts_with("4 warning \"license_link\" should")
    );
    assert!(only("license: mit\nlicense_name: my-own").starts_with("3 warning \"license_name\" is for"));
    assert!(only("license_name: my-own").starts_with("2 warning \"license_name\" needs"));
}

#[test]
fn ids_have_the_form_of_ids() {
    assert_eq!(
        only("base_model: Kokoro 82M"),
        "2 error \"base_model\" with value \"Kokoro 82M\" is not valid. Use a model id from https://hf.co/models."
    );
    assert!(only("base_model: /mnt/checkpoint-500").starts_with("2 error \"base_model\" with value"));
    assert!(only("new_version: a/b/c").starts_with("2 error \"new_version\" with value"));
    assert!(only("datasets: [squad, ./data]").starts_with("2 error \"datasets[1]\" with value"));
    assert!(
        only("base_model: a/b\nbase_model_relation: cousin")
            .starts_with("3 error \"base_model_relation\" must be one of")
    );
    let repo = RepoId::parse("a/b").unwrap();
    let told: Vec<Problem> = check_of(Some(&repo), "---\nbase_model:\n- c/d\n- a/b\nnew_version: a/b\n---\n");
    let lines: Vec<(Option<usize>, &str)> =
        told.iter().map(|problem| (problem.line, problem.field.as_deref().unwrap())).collect();
    assert_eq!(lines, [(Some(4), "base_model[1]"), (Some(5), "new_version")]);
}

#[test]
fn names_of_the_hubs_lists_are_warned_about() {
    let tag = only("pipeline_tag: text-clasification");
    assert!(tag.starts_with(
        "2 warning The pipeline tag \"text-clasification\" is not in the official list: text-classification, "
    ));
    assert_eq!(
        only("library_name: transformer"),
        "2 warning the Hub does not know the library \"transformer\": did you mean \"transformers\"?"
    );
    assert_eq!(only("licence: mit"), "2 warning \"licence\" is no field of the Hub: did you mean \"license\"?");
    assert_eq!(
        only("pipeline-tag: x"),
        "2 warning \"pipeline-tag\" is no field of the Hub: did you mean \"pipeline_tag\"?"
    );
    assert_eq!(told_of("task: a\nname: b\nquantized_by: c\nlanguage_details: d"), [""; 0]);
}

#[test]
fn evaluation_results_have_what_the_hub_requires() {
    let yaml = "model-index:
- name: a
  results:
  - task: {name: b}
    dataset: {type: my data, config: 3}
    metrics:
    - type: f1
    - value: 0.5
      config: {scale: 5}
    source: {name: d}
  - task: {type: fill-mask}
    dataset: {type: c, name: c}
    metrics: {f1: 0.5}
    source: {url: example.org}
- results: []";
    assert_eq!(
        told_of(yaml),
        [
            "5 error \"model-index[0].results[0].task.type\" is required",
            "6 error \"model-index[0].results[0].dataset.name\" is required",
            "6 error \"model-index[0].results[0].dataset.config\" must be a string",
            r#"6 error "model-index[0].results[0].dataset.type" with value "my data" fails to match the required pattern: /^(?:[\w-]+\/)?[\w-.]+$/"#,
            "8 error \"model-index[0].results[0].metrics[0].value\" is required",
            "9 error \"model-index[0].results[0].metrics[1].type\" is required",
            "10 error \"model-index[0].results[0].metrics[1].config\" must be a string",
            "11 error \"model-index[0].results[0].source.url\" is required",
            "14 error \"model-index[0].results[1].metrics\" must be an array",
            "15 error \"model-index[0].results[1].source.url\" must be a valid uri",
            "16 error \"model-index[1].name\" is required",
        ]
    );
}

#[test]
fn examples_fit_the_cards_task() {
    assert_eq!(
        only("pipeline_tag: question-answering\nwidget:\n- text: a"),
        "4 warning \"widget[0]\": an example of question-answering has \"text\" and \"context\""
    );
    assert_eq!(only("widget:\n- a"), "3 error \"widget[0]\" must be of type object");
    assert_eq!(
        only("widget:\n- source_sentence: a\n  sentences: b"),
        "4 warning \"widget[0].sentences\" must be an array"
    );
    assert_eq!(told_of("pipeline_tag: text-generation\nwidget:\n- messages: [{role: user, content: a}]"), [""; 0]);
    assert_eq!(told_of("widget:\n- anything: [1]"), [""; 0]);
}

#[test]
fn questions_of_a_gate_have_inputs() {
    let yaml = "extra_gated_fields:\n  Company: words\n  Use: select\n  Other: {type: select}\n  Where: {options: [a]}\n  Geo: ip_location";
    let told = told_of(yaml);
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(told[0].starts_with("3 error \"extra_gated_fields.Company\" must be one of [text, checkbox, "));
    assert!(told[1].starts_with("4 error \"extra_gated_fields.Use\" must have \"options\""));
    assert_eq!(
        told[2..],
        [
            "5 error \"extra_gated_fields.Other.options\" is required",
            "6 error \"extra_gated_fields.Where.type\" is required"
        ]
    );
    assert_eq!(only("extra_gated_fields: [a]"), "2 error \"extra_gated_fields\" must be of type object");
    assert_eq!(only("extra_gated_eu_disallowed: 1"), "2 error \"extra_gated_eu_disallowed\" must be a boolean");
}
