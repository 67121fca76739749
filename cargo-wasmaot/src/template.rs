//! The fixed texts in `templates/`, filled in: each `{{name}}` becomes its value. A text is gone through
//! once, so whatever is in a value stays as it is, be it `{{name}}` itself.

/// A template with its values, of which it may use some more than once and others not at all.
///
/// # Panics
/// If the template has a name that there is no value for: it is one of ours.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("each `{{` of a template has its `}}`");
        let value = values.iter().find(|(known, _)| *known == name);
        text += before;
        text += value.unwrap_or_else(|| panic!("the template's `{name}` has a value")).1;
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_not_filled_in_again() {
        let values = [("a", "{{b}}{{"), ("b", "}} {{a}}"), ("unused", "?")];
        assert_eq!(fill("{{a}}, {{b}}; {{a}}.", &values), "{{b}}{{, }} {{a}}; {{b}}{{.");
        assert_eq!(fill("{ nothing } }} here", &values), "{ nothing } }} here");
    }
}
