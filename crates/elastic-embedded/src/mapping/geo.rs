//! Places on the earth, in the forms in which a document may give them.

use serde_json::{Map, Value};

use crate::failure::Failure;

/// A value of a `geo_point`, as latitude and longitude.
///
/// # Errors
/// The cause, for a value that is no place.
pub(crate) fn point(value: &Value) -> Result<(f64, f64), Failure> {
    let read = match value {
        Value::Object(members) => of_object(members),
        Value::Array(items) => of_array(items),
        Value::String(text) => of_text(text),
        _ => None,
    };
    read.filter(|(lat, lon)| lat.is_finite() && lon.is_finite())
        .ok_or_else(|| Failure::new(400, "parse_exception", "geo_point expected"))
}

/// True for a list that is one place, not several.
pub(super) fn is_point(items: &[Value]) -> bool {
    matches!(items.len(), 2 | 3) && items.iter().all(Value::is_number)
}

fn of_object(members: &Map<String, Value>) -> Option<(f64, f64)> {
    if let (Some(lat), Some(lon), 2) = (members.get("lat"), members.get("lon"), members.len()) {
        return Some((number(lat)?, number(lon)?));
    }
    let is_point = members.get("type").and_then(Value::as_str)?.eq_ignore_ascii_case("point");
    let coordinates = members.get("coordinates").filter(|_| is_point)?.as_array()?;
    of_array(coordinates)
}

fn of_array(items: &[Value]) -> Option<(f64, f64)> {
    is_point(items).then(|| Some((number(&items[1])?, number(&items[0])?)))?
}

fn of_text(text: &str) -> Option<(f64, f64)> {
    let text = text.trim();
    if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("point")) {
        let inner = text[5..].trim().strip_prefix('(')?.strip_suffix(')')?;
        let mut parts = inner.split_whitespace();
        let (lon, lat) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        return parts.next().is_none().then_some((lat, lon));
    }
    match text.split_once(',') {
        Some((lat, lon)) => Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?)),
        None => of_geohash(text),
    }
}

/// The middle of the cell that a geohash names.
fn of_geohash(text: &str) -> Option<(f64, f64)> {
    const ALPHABET: &[u8] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    let (mut lat, mut lon) = ((-90.0, 90.0), (-180.0, 180.0));
    let mut is_lon = true;
    for byte in text.bytes() {
        let cell = ALPHABET.iter().position(|letter| *letter == byte)?;
        for bit in (0..5).rev() {
            let range: &mut (f64, f64) = if is_lon { &mut lon } else { &mut lat };
            let middle = f64::midpoint(range.0, range.1);
            if cell >> bit & 1 == 1 {
                range.0 = middle
            } else {
                range.1 = middle
            }
            is_lon = !is_lon;
        }
    }
    Some((f64::midpoint(lat.0, lat.1), f64::midpoint(lon.0, lon.1)))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_place_is_read_in_every_form() {
        for value in [
            json!({"lat": 1.5, "lon": "2"}),
            json!({"type": "Point", "coordinates": [2, 1.5]}),
            json!([2, 1.5]),
            json!("1.5, 2"),
            json!("POINT (2 1.5)"),
        ] {
            assert_eq!(point(&value).unwrap(), (1.5, 2.0), "{value}");
        }
        let (lat, lon) = point(&json!("drm3btev3e86")).unwrap();
        assert!((lat - 41.12).abs() < 0.001 && (lon + 71.34).abs() < 0.001, "{lat}, {lon}");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for value in [
            json!({"lat": 1}),
            json!({"lat": 1, "lon": 2, "x": 3}),
            json!({"type": "Line", "coordinates": [1, 2]}),
            json!([1]),
            json!("nowhere"),
            json!(""),
            json!("POINT (1)"),
            json!(5),
            json!(true),
        ] {
            assert!(point(&value).is_err(), "{value}");
        }
    }
}
