//! Four small plots above each other, as SVG: price, losses, depth, spread.

use types::At;

use super::series::Row;
use crate::report::in_words;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 50.0;
const PLOT: f64 = 150.0;
const GAP: f64 = 45.0;
/// Lines across one plot.
const LINES: u32 = 4;

/// One plot.
struct Plot {
    title: &'static str,
    lines: Vec<Line>,
}

/// One line of it: where there is no value there is a gap.
struct Line {
    name: &'static str,
    colour: &'static str,
    values: Vec<Option<f64>>,
}

/// The whole picture.
pub fn to_svg(title: &str, rows: &[Row]) -> String {
    let plots = plots(rows);
    let height = TOP + plots.len() as f64 * (PLOT + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{}</text>\n",
        escaped(title)
    );
    let (first, last) = (rows.first(), rows.last());
    if let Some((first, last)) = first.zip(last) {
        let (from, to) = (in_words(first.at), in_words(last.at));
        svg += &format!("<text x=\"{LEFT}\" y=\"37\" fill=\"#666\">{from} to {to}, UTC</text>\n");
        for (place, plot) in plots.iter().enumerate() {
            let top = TOP + place as f64 * (PLOT + GAP) + 18.0;
            svg += &plot.draw(top, (first.at, last.at), rows);
        }
    }
    svg + "</svg>\n"
}

fn plots(rows: &[Row]) -> Vec<Plot> {
    let line = |name, colour, of: fn(&Row) -> Option<f64>| Line {
        name,
        colour,
        values: rows.iter().map(of).collect(),
    };
    vec![
        Plot {
            title: "price, USDC",
            lines: vec![
                line("outside", "#888", |row| Some(row.outside)),
                line("mark", "#c33", |row| Some(row.mark)),
            ],
        },
        Plot {
            title: "losses, million USDC",
            lines: vec![
                line("closed by force", "#c33", |row| Some(row.forced / 1e6)),
                line("equity of longs", "#36c", |row| Some(row.longs / 1e6)),
                line("open interest", "#888", |row| Some(row.open_interest / 1e6)),
            ],
        },
        Plot {
            title: "depth within 1 %, million USDC",
            lines: vec![
                line("bids", "#393", |row| Some(row.bids / 1e6)),
                line("asks", "#c33", |row| Some(row.asks / 1e6)),
            ],
        },
        Plot {
            title: "spread, basis points",
            lines: vec![line("spread", "#36c", |row| row.spread.map(|part| part * 1e4))],
        },
    ]
}

impl Plot {
    fn draw(&self, top: f64, (from, to): (At, At), rows: &[Row]) -> String {
        let most = self.lines.iter().flat_map(|line| line.values.iter().flatten());
        let most = nice(most.fold(0.0, |most: f64, value| most.max(*value)));
        let x = |at: At| {
            let part = at.ms_since(from) as f64 / to.ms_since(from).max(1) as f64;
            LEFT + part * (WIDTH - LEFT - RIGHT)
        };
        let y = |value: f64| top + PLOT * (1.0 - value / most);
        let mut svg = format!(
            "<text x=\"{LEFT}\" y=\"{:.1}\" font-weight=\"bold\">{}</text>\n",
            top - 5.0,
            self.title
        );
        for step in 0..=LINES {
            let value = most * f64::from(step) / f64::from(LINES);
            let (at, right) = (y(value), WIDTH - RIGHT);
            svg += &format!(
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#666\">{}</text>\n",
                LEFT - 6.0,
                at + 4.0,
                short(value)
            );
        }
        for (place, line) in self.lines.iter().enumerate() {
            let moments = rows.iter().map(|row| x(row.at));
            svg += &line.draw(moments, y);
            let at = WIDTH - RIGHT - 120.0 * (self.lines.len() - place) as f64;
            let (name, colour) = (line.name, line.colour);
            svg += &format!(
                "<text x=\"{at}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>\n",
                top - 5.0
            );
        }
        svg
    }
}

impl Line {
    fn draw(&self, moments: impl Iterator<Item = f64>, y: impl Fn(f64) -> f64) -> String {
        let (mut path, mut is_drawing) = (String::new(), false);
        for (x, value) in moments.zip(&self.values) {
            if let Some(value) = value {
                let letter = if is_drawing { 'L' } else { 'M' };
                path += &format!("{letter}{x:.1} {:.1}", y(*value));
            }
            is_drawing = value.is_some();
        }
        format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.2\"/>\n",
            self.colour
        )
    }
}

/// The next one, two or five times a power of ten.
fn nice(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|top| most <= *top).unwrap_or(10.0 * power)
}

/// With no more digits than an axis needs.
fn short(value: f64) -> String {
    let text = format!("{value:.5}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
