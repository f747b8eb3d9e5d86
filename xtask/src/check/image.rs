//! Whether a container image is named so that it is the same one tomorrow.

/// What is wrong with the name of an image, and how to mend it; none where it is exact.
pub(super) fn fault(image: &str, line_above: &str) -> Option<(String, &'static str)> {
    let (named, digest) =
        image.split_once('@').map_or((image, None), |(named, digest)| (named, Some(digest)));
    let (name, tag) = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (named, ""),
    };
    if image.contains('$') {
        return Some((format!("the image `{image}` depends on a variable"), "write the tag itself"));
    }
    if tag.is_empty() {
        return Some((
            format!("the image `{image}` has no tag, which means latest"),
            "write the exact version as its tag",
        ));
    }
    if !is_exact(name, tag) {
        let message = format!("the tag `{tag}` of `{name}` moves from image to image");
        return Some((message, "write the exact version as its tag, such as 8.0.4, and never latest"));
    }
    let known =
        line_above.trim().strip_prefix("# digest read from ").is_some_and(|from| !from.trim().is_empty());
    if digest.is_some() && !known {
        let message = format!("nothing tells where the digest of `{image}` was read");
        let help = "leave the digest out, or write `# digest read from REGISTRY on DATE` in the line above";
        return Some((message, help));
    }
    digest.filter(|digest| !is_digest(digest)).map(|digest| {
        (format!("`{digest}` is no digest"), "write sha256: and 64 hexadecimal digits, or leave it out")
    })
}

/// A version of three numbers, or of two where the product has no third.
fn is_exact(name: &str, tag: &str) -> bool {
    let is_number = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let release = tag.trim_start_matches(|c: char| !c.is_ascii_digit());
    let numbers = release.split(['.', '-', '_', 'T']).take_while(is_number).count();
    let last = name.rsplit('/').next().unwrap_or_default();
    numbers >= if last == "postgres" { 2 } else { 3 }
}

fn is_digest(digest: &str) -> bool {
    let sum = digest.strip_prefix("sha256:").unwrap_or_default();
    let varied = sum.chars().collect::<std::collections::BTreeSet<_>>().len() > 4;
    sum.len() == 64 && sum.chars().all(|c| c.is_ascii_hexdigit()) && varied
}
