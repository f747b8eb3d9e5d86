//! Puts glyphs that are drawn on a page together to words and lines.

use hayro_interpret::font::{Glyph, GlyphRun, PositionedGlyph};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Point};
use hayro_interpret::{BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask};

use crate::output::Output;

/// Glyph space: units of an em.
const EM: f64 = 1000.0;
/// A gap of this share of an em is a blank.
const BLANK: f64 = 0.16;
/// A step of this share of an em across the line is another line.
const LINE: f64 = 0.5;

/// Writes what is drawn to an output.
pub(crate) struct TextDevice<'o> {
    output: &'o mut Output,
    /// Where the glyph before ended.
    end: Option<Point>,
}

impl<'o> TextDevice<'o> {
    pub(crate) fn new(output: &'o mut Output) -> Self {
        Self { output, end: None }
    }

    fn glyph(&mut self, glyph: &PositionedGlyph<'_>, transform: Affine) {
        let Some(text) = text(glyph) else { return };
        let (start, em) = (transform * Point::ZERO, transform * Point::new(EM, 0.0));
        let (along, size) = (em - start, (em - start).hypot().max(f64::MIN_POSITIVE));
        if let Some(end) = self.end {
            let step = start - end;
            let (gap, across) = (step.dot(along) / size / size, step.cross(along) / size / size);
            if across.abs() > LINE || gap < -1.0 {
                self.output.line();
            } else if gap > BLANK {
                self.output.blank();
            }
        }
        self.output.push(&text);
        self.end = Some(transform * Point::new(advance(glyph), 0.0));
    }
}

/// The glyph's characters; its code where that is ASCII and the font does not say.
fn text(glyph: &Glyph<'_>) -> Option<String> {
    let text = match glyph.as_unicode() {
        Some(BfString::Char(character)) => character.to_string(),
        Some(BfString::String(text)) => text,
        None => char::from_u32(glyph.char_code()).filter(char::is_ascii)?.to_string(),
    };
    Some(text.replace(char::is_control, "")).filter(|text| !text.is_empty())
}

fn advance(glyph: &Glyph<'_>) -> f64 {
    let width = match glyph {
        Glyph::Outline(outline) => outline.advance_width(),
        Glyph::Type3(drawn) => drawn.advance_width(),
    };
    width.map_or(EM / 2.0, f64::from)
}

impl<'a> Device<'a> for TextDevice<'_> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            if self.output.is_full() {
                return;
            }
            self.glyph(glyph, props.transform * glyph.transform());
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
