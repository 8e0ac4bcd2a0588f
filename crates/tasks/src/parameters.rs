//! The description of a task's parameters, from which the page makes its controls.

/// One parameter of a task, named as in the Hub's specification.
#[derive(Debug)]
pub struct Parameter {
    /// Its key in `parameters`.
    pub name: &'static str,
    /// What it does, for visitors.
    pub description: &'static str,
    /// Its type and range.
    pub kind: ParameterKind,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A whole number of at least `least`.
    Integer {
        /// The smallest value allowed.
        least: u64,
    },
    /// True or false.
    Boolean,
    /// One of several words.
    Choice(&'static [&'static str]),
}
