//! Route tables. A row has a method, a path and a handler. The same rows give the handler of a request, the `Allow` of a
//! 405, the labels of metrics and the paths of the OpenAPI document.

use crate::http::Method;
use std::borrow::{Borrow, Cow};

#[cfg(test)]
mod tests;

/// A row of a route table: method, path, handler. `{name}` in the path is a parameter, and `GET` also answers `HEAD`.
///
/// Rows are tried in their order. The first path that matches decides, with one exception: a path with a word in the
/// place of a later path's parameter (`/user/search` before `/user/{id}`) takes that name for its own methods only.
pub(super) struct Route<H>(pub(super) Method, pub(super) &'static str, pub(super) H);

/// Rows that have the same path variants, and parameters of the same span.
pub(super) struct Section<H: 'static> {
    pub(super) routes: &'static [Route<H>],
    pub(super) variants: &'static [PathVariant],
    pub(super) span: ParameterSpan,
}

impl<H> Section<H> {
    /// Rows whose paths have one spelling, and whose parameters are single segments.
    pub(super) const fn plain(routes: &'static [Route<H>]) -> Section<H> {
        Section { routes, variants: &[PathVariant::CANONICAL], span: ParameterSpan::Segment }
    }
}

/// A way to spell paths: those that begin with `from` are also served with `to` in its place.
pub(super) struct PathVariant {
    pub(super) from: &'static str,
    /// May have parameters, which no handler reads.
    pub(super) to: &'static str,
    /// Keeps the `operationId` of OpenAPI unique; empty for the canonical variant.
    pub(super) operation_suffix: &'static str,
    /// The component of the OpenAPI document that describes the parameter in `to`.
    pub(super) parameter: Option<&'static str>,
}

impl PathVariant {
    /// Paths as they are in the rows.
    pub(super) const CANONICAL: PathVariant = PathVariant { from: "", to: "", operation_suffix: "", parameter: None };

    /// The path of a row in this variant; `None` when the row does not have the variant.
    pub(super) fn apply(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(self.from)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{}{rest}", self.to))
    }
}

/// How much of a path a parameter takes.
#[derive(Clone, Copy)]
pub(super) enum ParameterSpan {
    /// One segment.
    Segment,
    /// One or more segments, up to the next word of the row, because clients leave slashes in names as they are.
    /// `reserved` at the beginning of a further segment is never part of a name, so that such a path is unknown.
    Segments { reserved: Option<char> },
}

/// The rows of a dialect, ready for requests.
pub(super) struct RouteTable<H: 'static> {
    sections: Vec<CompiledSection<H>>,
    /// No path has more segments.
    length_max: usize,
}

struct CompiledSection<H: 'static> {
    variants: Vec<CompiledVariant>,
    paths: Vec<PathRoutes<H>>,
    span: ParameterSpan,
}

struct CompiledVariant {
    from: Vec<Segment>,
    to: Vec<Segment>,
    variant: &'static PathVariant,
}

/// All rows of one path.
struct PathRoutes<H: 'static> {
    path: &'static str,
    segments: Vec<Segment>,
    rows: Vec<&'static Route<H>>,
    /// A later path has a parameter in the place of a word of this path.
    shadows_parameter: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Segment {
    Word(&'static str),
    Parameter(&'static str),
}

/// A path of a table, for the OpenAPI document.
pub(super) struct PathMethods {
    pub(super) path: &'static str,
    pub(super) methods: Vec<Method>,
    pub(super) variants: Vec<&'static PathVariant>,
}

/// The row for a request.
pub(super) struct RouteMatch<H: 'static> {
    /// The path of the row, also the label of metrics.
    pub(super) path: &'static str,
    /// The handler for the method, or that of the path's first row when no row has the method. A dialect looks at it to
    /// know which credentials the path needs, and calls it after [`RouteMatch::require_method`].
    pub(super) handler: &'static H,
    unknown_method: Option<UnknownMethod>,
}

/// A row, and the values of the parameters in its path.
type Found<'s, H> = (RouteMatch<H>, PathParameters<'s>);

/// No row of the path has the method of the request. Holds the value of `Allow`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UnknownMethod(pub(super) String);

impl<H> RouteMatch<H> {
    /// # Errors
    /// When no row of the path has the method.
    pub(super) fn require_method(&self) -> Result<(), UnknownMethod> {
        self.unknown_method.clone().map_or(Ok(()), Err)
    }
}

/// The values of a path's parameters.
#[derive(Default)]
pub(super) struct PathParameters<'s> {
    values: [(&'static str, Cow<'s, str>); PathParameters::MAX],
    count: usize,
}

impl<'s> PathParameters<'s> {
    /// More than any row has.
    const MAX: usize = 2;

    /// The value of the parameter of that name; empty when the path does not have it.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.values.iter().find(|(known, _)| *known == name);
        debug_assert!(found.is_some(), "the path has no parameter {name}");
        found.map_or("", |(_, value)| value)
    }

    fn push(&mut self, name: &'static str, value: Cow<'s, str>) {
        debug_assert!(self.count < PathParameters::MAX, "no place for the parameter {name}");
        if let Some(place) = self.values.get_mut(self.count) {
            *place = (name, value);
            self.count += 1;
        }
    }
}

impl<H> RouteTable<H> {
    pub(super) fn new(sections: &[Section<H>]) -> RouteTable<H> {
        let sections: Vec<_> = sections.iter().map(CompiledSection::new).collect();
        let length_max = sections.iter().map(CompiledSection::length_max).max().unwrap_or_default();
        RouteTable { sections, length_max }
    }

    /// The row for a request with that method and these segments in its path; `None` for an unknown path.
    pub(super) fn find<'s, S>(&self, method: &Method, segments: &'s [S]) -> Option<Found<'s, H>>
    where
        S: Borrow<str>,
    {
        let has_method = |path: &PathRoutes<H>| path.row(method).is_some();
        let (path, parameters) = self.find_path(segments, has_method)?;
        Some((path.route_match(method), parameters))
    }

    /// True if the table has a path with these segments.
    pub(super) fn has_path<S: Borrow<str>>(&self, segments: &[S]) -> bool {
        self.find_path(segments, |_| true).is_some()
    }

    fn find_path<'s, S: Borrow<str>>(
        &self,
        segments: &'s [S],
        has_method: impl Fn(&PathRoutes<H>) -> bool,
    ) -> Option<(&PathRoutes<H>, PathParameters<'s>)> {
        if segments.len() > self.length_max {
            return None;
        }
        self.sections.iter().find_map(|section| section.find_path(segments, &has_method))
    }

    /// Every path of the table.
    pub(super) fn paths(&self) -> Vec<PathMethods> {
        let paths = self.sections.iter().flat_map(|section| {
            section.paths.iter().map(|path| PathMethods {
                path: path.path,
                methods: path.rows.iter().map(|Route(method, ..)| method.clone()).collect(),
                variants: section.variants.iter().map(|compiled| compiled.variant).collect(),
            })
        });
        paths.collect()
    }
}

impl<H> CompiledSection<H> {
    fn new(section: &Section<H>) -> CompiledSection<H> {
        let mut paths: Vec<PathRoutes<H>> = Vec::new();
        for route in section.routes {
            match paths.iter_mut().find(|known| known.path == route.1) {
                Some(known) => known.rows.push(route),
                None => paths.push(PathRoutes {
                    path: route.1,
                    segments: parse(route.1),
                    rows: vec![route],
                    shadows_parameter: false,
                }),
            }
        }
        for at in 0..paths.len() {
            let (path, later) = (&paths[at].segments, &paths[at + 1..]);
            paths[at].shadows_parameter = later.iter().any(|later| shadows(path, &later.segments));
        }
        let compile = |variant: &'static PathVariant| CompiledVariant {
            from: parse(variant.from),
            to: parse(variant.to),
            variant,
        };
        CompiledSection { variants: section.variants.iter().map(compile).collect(), paths, span: section.span }
    }

    fn length_max(&self) -> usize {
        match self.span {
            ParameterSpan::Segments { .. } => usize::MAX,
            ParameterSpan::Segment => {
                let path = self.paths.iter().map(|path| path.segments.len()).max();
                let prefix = self.variants.iter().map(|variant| variant.to.len()).max();
                path.unwrap_or_default() + prefix.unwrap_or_default()
            }
        }
    }

    fn find_path<'s, S: Borrow<str>>(
        &self,
        segments: &'s [S],
        has_method: impl Fn(&PathRoutes<H>) -> bool,
    ) -> Option<(&PathRoutes<H>, PathParameters<'s>)> {
        for CompiledVariant { from, to, .. } in &self.variants {
            let Some(rest) = strip(to, segments) else { continue };
            let mut found = None;
            for path in &self.paths {
                let Some(pattern) = path.segments.strip_prefix(from.as_slice()) else { continue };
                if !begins_like(pattern, rest) {
                    continue;
                }
                match match_segments(pattern, rest, self.span, path.shadows_parameter) {
                    Matched::No => {}
                    Matched::Reserved => return None,
                    Matched::Yes(parameters) if path.shadows_parameter && !has_method(path) => {
                        found = Some((path, parameters));
                    }
                    Matched::Yes(parameters) => return Some((path, parameters)),
                }
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl<H> PathRoutes<H> {
    /// The row for that method.
    fn row(&self, method: &Method) -> Option<&'static Route<H>> {
        let method = if *method == Method::Head { &Method::Get } else { method };
        self.rows.iter().copied().find(|Route(known, ..)| known == method)
    }

    fn route_match(&self, method: &Method) -> RouteMatch<H> {
        let row = self.row(method);
        let unknown_method = row.is_none().then(|| UnknownMethod(self.allow()));
        RouteMatch { path: self.path, handler: &row.unwrap_or(self.rows[0]).2, unknown_method }
    }

    /// The value of an `Allow` header.
    fn allow(&self) -> String {
        let names = self.rows.iter().map(|Route(method, ..)| match method {
            Method::Get => "GET, HEAD",
            method => method.as_str(),
        });
        names.collect::<Vec<_>>().join(", ")
    }
}

fn parse(path: &'static str) -> Vec<Segment> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let parse = |segment: &'static str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => Segment::Parameter(name),
        None => Segment::Word(segment),
    };
    segments.map(parse).collect()
}

/// True if `path` has a word where `other`, the same up to there, has a parameter.
fn shadows(path: &[Segment], other: &[Segment]) -> bool {
    let different = path.iter().zip(other).find(|(one, other)| one != other);
    matches!(different, Some((Segment::Word(_), Segment::Parameter(_))))
}

/// The segments after a prefix, in which a parameter is one segment.
fn strip<'s, S: Borrow<str>>(prefix: &[Segment], segments: &'s [S]) -> Option<&'s [S]> {
    let (start, rest) = segments.split_at_checked(prefix.len())?;
    let is_same = |(wanted, found): (&Segment, &S)| match wanted {
        Segment::Word(word) => *word == found.borrow(),
        Segment::Parameter(_) => true,
    };
    prefix.iter().zip(start).all(is_same).then_some(rest)
}

/// False for a pattern that is too long or begins with another word, as most paths of a table do.
#[inline]
fn begins_like<S: Borrow<str>>(pattern: &[Segment], segments: &[S]) -> bool {
    pattern.len() <= segments.len()
        && match (pattern.first(), segments.first()) {
            (Some(Segment::Word(word)), Some(first)) => *word == first.borrow(),
            (Some(_), _) => true,
            (None, first) => first.is_none(),
        }
}

enum Matched<'s> {
    No,
    /// A name would hold a reserved character.
    Reserved,
    Yes(PathParameters<'s>),
}

fn match_segments<'s, S: Borrow<str>>(
    pattern: &[Segment],
    segments: &'s [S],
    span: ParameterSpan,
    shadows_parameter: bool,
) -> Matched<'s> {
    let (mut rest, mut parameters) = (segments, PathParameters::default());
    for (at, segment) in pattern.iter().enumerate() {
        match segment {
            Segment::Word(word) => match rest.split_first() {
                Some((first, more)) if first.borrow() == *word => rest = more,
                _ => return Matched::No,
            },
            Segment::Parameter(name) => {
                let following = &pattern[at + 1..];
                let Some(length) = parameter_length(following, rest, span) else { return Matched::No };
                let (value, more) = rest.split_at(length);
                // A word in the place of a name is the first segment of that name.
                let further = &value[usize::from(!shadows_parameter)..];
                if has_reserved(further, following, span) {
                    return Matched::Reserved;
                }
                parameters.push(name, join(value));
                rest = more;
            }
        }
    }
    if rest.is_empty() { Matched::Yes(parameters) } else { Matched::No }
}

/// How many segments a parameter takes, at least one.
fn parameter_length<S: Borrow<str>>(following: &[Segment], rest: &[S], span: ParameterSpan) -> Option<usize> {
    let length = match (span, following) {
        (ParameterSpan::Segment, _) => 1,
        (ParameterSpan::Segments { .. }, [Segment::Word(word)]) => {
            let (last, before) = rest.split_last()?;
            (last.borrow() == *word).then_some(before.len())?
        }
        (ParameterSpan::Segments { .. }, [Segment::Word(word), ..]) => {
            1 + rest.iter().skip(1).position(|segment| segment.borrow() == *word)?
        }
        (ParameterSpan::Segments { .. }, _) => rest.len(),
    };
    (1..=rest.len()).contains(&length).then_some(length)
}

/// True if a segment begins with the reserved character. A name before an ordinary word may have it.
fn has_reserved<S: Borrow<str>>(segments: &[S], following: &[Segment], span: ParameterSpan) -> bool {
    let ParameterSpan::Segments { reserved: Some(reserved) } = span else { return false };
    let is_checked = !matches!(following.first(), Some(Segment::Word(word)) if !word.starts_with(reserved));
    is_checked && segments.iter().any(|segment| segment.borrow().starts_with(reserved))
}

fn join<S: Borrow<str>>(segments: &[S]) -> Cow<'_, str> {
    match segments {
        [one] => Cow::Borrowed(one.borrow()),
        several => Cow::Owned(several.join("/")),
    }
}
