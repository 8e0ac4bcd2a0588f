//! Which licence a text is, by the words that no other has.

/// The Hub's identifier, the words that its text has, and those that it has not; the first that fits is it. Words are in lower
/// case, without signs and with single spaces.
const LICENCES: &[(&str, &[&str], &[&str])] = &[
    ("apache-2.0", &["apache license version 2 0"], &[]),
    ("agpl-3.0", &["gnu affero general public license version 3"], &[]),
    ("lgpl-3.0", &["gnu lesser general public license version 3"], &[]),
    ("lgpl-2.1", &["gnu lesser general public license version 2 1"], &[]),
    ("gpl-3.0", &["gnu general public license version 3"], &[]),
    ("gpl-2.0", &["gnu general public license version 2"], &[]),
    ("mpl-2.0", &["mozilla public license version 2 0"], &[]),
    ("eupl-1.2", &["european union public licence v 1 2"], &[]),
    ("bsl-1.0", &["boost software license version 1 0"], &[]),
    ("unlicense", &["this is free and unencumbered software released into the public domain"], &[]),
    ("cc0-1.0", &["cc0 1 0 universal"], &[]),
    ("cc-by-nc-nd-4.0", &["attribution noncommercial noderivatives 4 0 international"], &[]),
    ("cc-by-nc-sa-4.0", &["attribution noncommercial sharealike 4 0 international"], &[]),
    ("cc-by-nc-4.0", &["attribution noncommercial 4 0 international"], &[]),
    ("cc-by-nd-4.0", &["attribution noderivatives 4 0 international"], &[]),
    ("cc-by-sa-4.0", &["attribution sharealike 4 0 international"], &[]),
    ("cc-by-4.0", &["attribution 4 0 international"], &[]),
    ("mit", &["permission is hereby granted free of charge to any person obtaining a copy"], &["no attribution"]),
    (
        "isc",
        &["permission to use copy modify and or distribute this software for any purpose"],
        &["0bsd", "zero clause"],
    ),
    ("bsd-3-clause-clear", &["clear bsd license"], &[]),
    ("bsd-3-clause", &["redistribution and use in source and binary forms", "neither the name"], &["all advertising"]),
    ("bsd-2-clause", &["redistribution and use in source and binary forms"], &["all advertising", "neither the name"]),
    ("llama3.1", &["llama 3 1 community license agreement"], &[]),
    ("llama3.2", &["llama 3 2 community license agreement"], &[]),
    ("llama3.3", &["llama 3 3 community license agreement"], &[]),
    ("llama3", &["meta llama 3 community license agreement"], &[]),
    ("llama2", &["llama 2 community license agreement"], &[]),
    ("gemma", &["gemma terms of use"], &[]),
];

/// Letters of a text that are looked at; what names a licence stands at its beginning.
const LOOKED_AT: usize = 2000;

/// The Hub's identifier of the licence that this text is.
pub fn licence_of(text: &str) -> Option<&'static str> {
    let beginning: String = text.chars().take(LOOKED_AT).collect::<String>().to_lowercase();
    let words = beginning.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let beginning = words.collect::<Vec<_>>().join(" ");
    let is = |(_, has, lacks): &&(&str, &[&str], &[&str])| {
        has.iter().all(|words| beginning.contains(words)) && !lacks.iter().any(|words| beginning.contains(words))
    };
    LICENCES.iter().find(is).map(|(id, ..)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_recognised_by_how_they_begin() {
        let redistribution = "Copyright (c) 2026\n\nRedistribution and use in source and binary forms, with or without\nmodification, are permitted";
        for (expected, text) in [
            (
                "apache-2.0",
                "\n                                 Apache License\n                           Version 2.0, January 2004",
            ),
            (
                "mit",
                "MIT License\n\nCopyright (c) 2026 A\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof",
            ),
            (
                "gpl-3.0",
                "                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007",
            ),
            ("gpl-2.0", "                    GNU GENERAL PUBLIC LICENSE\n                       Version 2, June 1991"),
            (
                "lgpl-2.1",
                "                  GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 2.1, February 1999",
            ),
            (
                "agpl-3.0",
                "                    GNU AFFERO GENERAL PUBLIC LICENSE\n                       Version 3, 19 November 2007",
            ),
            ("mpl-2.0", "Mozilla Public License Version 2.0\n=================================="),
            ("bsd-2-clause", redistribution),
            ("bsd-3-clause", &format!("{redistribution}\n* Neither the name of the copyright holder nor")),
            ("cc-by-4.0", "Creative Commons Attribution 4.0 International Public License"),
            ("cc-by-nc-sa-4.0", "Attribution-NonCommercial-ShareAlike 4.0 International"),
            ("cc0-1.0", "Creative Commons Legal Code\n\nCC0 1.0 Universal"),
        ] {
            assert_eq!(licence_of(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_guessed() {
        for text in ["", "All rights reserved.", "You may use this model on Sundays.", "GNU GENERAL PUBLIC LICENSE"] {
            assert_eq!(licence_of(text), None, "{text}");
        }
    }
}
