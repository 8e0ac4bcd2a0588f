//! What a widget runs on: inputs and parameters of the form, of scripts, of examples and of the model's card.

use std::rc::Rc;

use serde_json::Value;
use vitrine_browser::turn;
use vitrine_tasks::{Example, Task, examples, fill_mask, parameters_over};
use wasm_bindgen_futures::spawn_local;

use crate::description::Description;
use crate::widget::{Shown, State};

impl State {
    /// The inputs as they stand: what a script or an example has set, unless the visitor has changed the form since. A
    /// form cannot hold all that a script can set.
    pub(crate) fn current_inputs(&self) -> Value {
        match self.task().filter(|_| self.edited.get()) {
            Some(task) => self.dom.inputs(task),
            None => self.inputs.borrow().clone(),
        }
    }

    /// The parameters as they stand, likewise.
    pub(crate) fn current_parameters(&self) -> Value {
        if self.edited.get() { self.dom.parameters() } else { self.parameters.borrow().clone() }
    }

    /// Takes over what the visitor has changed in the form.
    pub(crate) fn take_edits(&self) {
        let (inputs, parameters) = (self.current_inputs(), self.current_parameters());
        self.inputs.replace(inputs);
        self.parameters.replace(parameters);
        self.edited.set(false);
    }

    /// Puts inputs into the form.
    pub(crate) fn set_inputs(&self, inputs: Value) {
        self.take_edits();
        self.inputs.replace(inputs);
        self.show_form();
    }

    /// Puts parameters into the form, over those of the model's card.
    pub(crate) fn set_parameters(&self, parameters: Value) {
        self.take_edits();
        self.parameters.replace(parameters_over(self.card_parameters(), parameters));
        self.show_form();
    }

    /// Notes that a script has set inputs or parameters: a model that it names in the same breath takes them over.
    pub(crate) fn note_script(self: &Rc<Self>) {
        self.just_set.set(true);
        let state = self.clone();
        spawn_local(async move {
            turn().await;
            state.just_set.set(false);
        });
    }

    /// `inference.parameters` of the card, as far as the task has them.
    fn card_parameters(&self) -> Value {
        let description = self.description.borrow();
        description.as_ref().map_or(Value::Null, |of| of.task.fitting_parameters(of.parameters()))
    }

    /// The model's examples, or the Hub's until the card is here; with the tokenizer's mask token once that is known.
    pub(crate) fn examples(&self, task: &Task) -> Vec<Example> {
        let mut examples = match self.description.borrow().as_ref() {
            Some(description) => description.examples.clone(),
            None => examples::examples(task, &Value::Null, None),
        };
        if let Some(token) = self.mask_token.borrow().as_ref().filter(|_| task.tag == fill_mask::TASK.tag) {
            examples.iter_mut().for_each(|example| fill_mask::put_mask_token(&mut example.inputs, token));
        }
        examples
    }

    /// Takes what the card says of inputs and parameters. An empty form gets the first example, so that a visitor can
    /// run the model at once.
    pub(crate) fn take_description(&self, description: &Description) {
        self.mask_token.replace(description.snapshot.card.text("mask_token").map(str::to_owned));
        self.compares_pairs.set(description.compares_pairs());
        let mut parameters = self.card_parameters();
        if self.inputs.borrow().is_null()
            && !self.edited.get()
            && let Some(example) = self.examples(description.task).into_iter().next()
        {
            self.show_author_output(&example);
            self.inputs.replace(example.inputs);
            parameters = parameters_over(parameters, example.parameters);
        }
        if !self.edited.get() {
            let own = self.parameters.take();
            self.parameters.replace(parameters_over(parameters, own));
        }
    }

    /// Takes what is only known of the model once it is loaded.
    pub(crate) fn take_loaded(&self, mask_token: Option<String>, compares_pairs: bool) {
        let compares_pairs = compares_pairs || self.compares_pairs.get();
        let mask_token = mask_token.or_else(|| self.mask_token.borrow().clone());
        let Some(task) = self.task() else { return };
        if mask_token == *self.mask_token.borrow() && compares_pairs == self.compares_pairs.get() {
            return;
        }
        // Only texts have masks.
        let text = self.current_inputs().as_str().filter(|_| !self.edited.get()).map(str::to_owned);
        let is_shown = |example: &Example| text.is_some() && example.inputs.as_str() == text.as_deref();
        let shown = self.examples(task).iter().position(is_shown);
        self.mask_token.replace(mask_token);
        self.compares_pairs.set(compares_pairs);
        if let Some(example) = shown.and_then(|index| self.examples(task).into_iter().nth(index)) {
            self.inputs.replace(example.inputs);
        }
        self.show_form();
    }

    /// Fills the form with an example; where examples have parameters, they take the place of those in the form.
    pub(crate) fn take_example(&self, examples: &[Example], example: &Example) {
        self.set_inputs(example.inputs.clone());
        if examples.iter().any(|example| !example.parameters.is_null()) {
            self.set_parameters(example.parameters.clone());
        }
        self.show_author_output(example);
    }

    /// Shows what the author gave with an example.
    fn show_author_output(&self, example: &Example) {
        let shown = example.output.clone().map(|output| Shown {
            inputs: example.inputs.clone(),
            output,
            done: None,
            json: false,
        });
        self.output.replace(shown);
    }
}
