//! What flags may call the deployments of a project: each by its keys, and by its name if no other has it.
//!
//! A key wins over a name. A word that is neither, or the name of several, stands for no deployment.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use experiment_wasm::json::Text;

/// The words, and for which deployment each stands.
pub struct DeploymentNames(HashMap<Text, Option<usize>>);

impl DeploymentNames {
    /// Of deployments with their names and keys.
    pub fn of<'a>(deployments: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Self {
        let deployments: Vec<_> = deployments.into_iter().collect();
        let mut words = HashMap::new();
        for (index, (name, _)) in deployments.iter().enumerate() {
            match words.entry(Text::from(*name)) {
                Entry::Vacant(new) => drop(new.insert(Some(index))),
                Entry::Occupied(mut known) => drop(known.insert(None)),
            }
        }
        for (index, (_, keys)) in deployments.iter().enumerate() {
            words.extend(keys.iter().map(|key| (Text::from(key.as_str()), Some(index))));
        }
        Self(words)
    }

    /// Whether a word stands for a deployment.
    pub fn has(&self, word: &Text) -> bool {
        self.0.get(word).is_some_and(Option::is_some)
    }

    /// The words that stand for one deployment, by its index.
    pub fn words_for(&self, index: usize) -> impl Iterator<Item = &Text> {
        self.0.iter().filter(move |(_, of)| **of == Some(index)).map(|(word, _)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_called_by_each_of_its_keys_and_by_a_name_of_its_own() {
        let keys = |keys: &[&str]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (web, app, backend) = (keys(&["k1", "k2"]), keys(&["k3"]), keys(&["web", "k4"]));
        let all = [("web", &web[..]), ("pages", &app), ("pages", &backend)];
        let names = DeploymentNames::of(all);
        let words = |index| {
            let mut words: Vec<_> = names.words_for(index).map(|word| word.to_str().into_owned()).collect();
            words.sort();
            words.join(" ")
        };
        // The name of the first is a key of the third; that of the others is nobody's alone.
        assert_eq!([0, 1, 2].map(words), ["k1 k2", "k3", "k4 web"]);
        assert!(names.has(&"web".into()) && !names.has(&"pages".into()) && !names.has(&"k5".into()));
    }
}
