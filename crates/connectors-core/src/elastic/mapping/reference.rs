//! The sub-fields that indices made in Kibana have, and the analysers that they name.

use serde_json::{Value, json};

/// How a string is mapped.
pub(super) fn text() -> Value {
    json!({
        "type": "text", "analyzer": "iq_text_base", "index_options": "freqs",
        "fields": {
            "enum": { "type": "keyword", "ignore_above": 2048 },
            "stem": { "type": "text", "analyzer": "iq_text_stem" },
            "prefix": {
                "type": "text", "analyzer": "i_prefix", "search_analyzer": "q_prefix", "index_options": "docs",
            },
            "delimiter": { "type": "text", "analyzer": "iq_text_delimiter", "index_options": "freqs" },
            "joined": {
                "type": "text", "analyzer": "i_text_bigram", "search_analyzer": "q_text_bigram",
                "index_options": "freqs",
            },
        },
    })
}

/// What `index.analysis` must define for it.
pub(super) fn analysis() -> Value {
    json!({ "filter": filters(), "analyzer": analyzers() })
}

fn analyzers() -> Value {
    let analyzer = |tokenizer: &str, more: &[&str]| {
        let folded = ["cjk_width", "lowercase", "asciifolding"];
        let filters: Vec<&str> = match more {
            ["delimiter", rest @ ..] => [&["delimiter"], &folded[..], rest].concat(),
            rest => [&folded[..], rest].concat(),
        };
        json!({ "type": "custom", "tokenizer": tokenizer, "filter": filters })
    };
    json!({
        "iq_text_base": analyzer("standard", &["en-stop-words-filter"]),
        "iq_text_stem": analyzer("standard", &["en-stop-words-filter", "en-stem-filter"]),
        "iq_text_delimiter": analyzer("whitespace", &["delimiter", "en-stop-words-filter", "en-stem-filter"]),
        "i_prefix": analyzer("standard", &["front_ngram"]),
        "q_prefix": analyzer("standard", &[]),
        "i_text_bigram": analyzer("standard", &["en-stem-filter", "bigram_joiner", "bigram_max_size"]),
        "q_text_bigram": analyzer("standard", &["en-stem-filter", "bigram_joiner_unigrams", "bigram_max_size"]),
    })
}

fn filters() -> Value {
    let joined = |unigrams: bool| {
        json!({
            "type": "shingle", "max_shingle_size": 2, "token_separator": "", "output_unigrams": unigrams,
        })
    };
    json!({
        "front_ngram": { "type": "edge_ngram", "min_gram": 1, "max_gram": 12 },
        "bigram_joiner": joined(false),
        "bigram_joiner_unigrams": joined(true),
        "bigram_max_size": { "type": "length", "min": 0, "max": 16 },
        "en-stop-words-filter": { "type": "stop", "stopwords": "_english_" },
        "en-stem-filter": { "type": "stemmer", "name": "light_english" },
        "delimiter": {
            "type": "word_delimiter_graph", "generate_word_parts": true, "generate_number_parts": true,
            "catenate_words": true, "catenate_numbers": true, "catenate_all": true, "preserve_original": false,
            "split_on_case_change": true, "split_on_numerics": true, "stem_english_possessive": true,
        },
    })
}
