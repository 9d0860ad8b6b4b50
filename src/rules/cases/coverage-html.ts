/** The coverage of rules as one page of HTML that needs nothing else: the text of each library with colours. */
import type { Coverage, Covered } from './coverage.ts'
import { gapOf } from './coverage.ts'
import { scoreOf, type Tried } from './try-mutants.ts'

/** One library with what its cases did. */
export interface Reported {
  /** File of the cases. */
  file: string
  library: string
  source: { file: string; lines: string[] }
  coverage: Coverage
  tried?: Tried[]
}

/** Writes the page. */
export function coverageHtml(libraries: readonly Reported[]): string {
  const names = libraries.map(({ library }, at) => `<li><a href="#l${at}">${escaped(library)}</a></li>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rule tests</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
pre { font: 13px/1.55 ui-monospace, monospace; counter-reset: line; overflow-x: auto }
.n { display: inline-block; width: 4ch; margin-right: 2ch; text-align: right; color: #888 }
.both { background: #d8f3dc } .part { background: #fff3bf } .none { background: #ffd6d6 }
.mutant { text-decoration: underline wavy #c00 } table { border-collapse: collapse } td, th { padding: .1rem .8rem .1rem 0; text-align: left; vertical-align: top }
</style></head><body>
<h1>Rule tests</h1>
<p><span class="both">true and false</span> · <span class="part">one of both</span> · <span class="none">never evaluated</span> · <span class="mutant">changed, and no case noticed</span></p>
<ul>${names.join('')}</ul>
${libraries.map(section).join('\n')}
</body></html>
`
}

function section({ library, file, source, coverage, tried }: Reported, at: number): string {
  const { conditions, beyond } = coverage
  const full = conditions.filter((each) => gapOf(each) === undefined).length
  const score = tried && scoreOf(tried)
  const rows = conditions
    .filter((each) => gapOf(each) !== undefined)
    .map((each) => row([each.place.line, each.in, each.source, gapOf(each) ?? '', counts(each)]))
  const survived = (score?.survived ?? []).map(({ mutant }) =>
    row([mutant.place?.line ?? '', mutant.in, mutant.source, mutant.change]),
  )
  return `<h2 id="l${at}">${escaped(library)}</h2>
<p>Cases: ${escaped(file)}. Text: ${escaped(source.file)}. ${full} of ${conditions.length} conditions were true and false.${score ? ` ${score.noticed} of ${score.made - score.equivalent} mutants were noticed; ${score.equivalent} are named as equivalent.` : ''}</p>
${beyond.length > 0 ? `<p>No rule reaches: ${escaped(beyond.join(', '))}.</p>` : ''}
${rows.length > 0 ? `<table><tr><th>line</th><th>define</th><th>condition</th><th></th><th>true / false / null</th></tr>${rows.join('')}</table>` : ''}
${survived.length > 0 ? `<h3>Changed, and no case noticed</h3><table><tr><th>line</th><th>define</th><th>text</th><th>change</th></tr>${survived.join('')}</table>` : ''}
<pre>${textOf(source.lines, conditions, score?.survived ?? [])}</pre>`
}

const row = (cells: (string | number)[]) =>
  `<tr>${cells.map((each) => `<td>${escaped(String(each))}</td>`).join('')}</tr>`
const counts = ({ given }: Covered) => `${given.true} / ${given.false} / ${given.null}`

/** Each character takes the colour of the innermost condition around it. */
function textOf(lines: readonly string[], conditions: readonly Covered[], survived: readonly Tried[]): string {
  const marks = lines.map((line) => new Array<string>(line.length).fill(''))
  const titles = lines.map((line) => new Array<string>(line.length).fill(''))
  const paint = (place: Covered['place'], apply: (line: number, column: number) => void) => {
    for (let line = place.line; line <= Math.min(place.lastLine, lines.length); line++) {
      const length = lines[line - 1]?.length ?? 0
      const from = line === place.line ? place.column : 1
      const to = line === place.lastLine ? Math.min(place.lastColumn, length) : length
      for (let column = from; column <= to; column++) apply(line - 1, column - 1)
    }
  }
  const size = ({ line, lastLine, column, lastColumn }: Covered['place']) =>
    (lastLine - line) * 1000 + lastColumn - column
  for (const each of conditions.toSorted((a, b) => size(b.place) - size(a.place)))
    paint(each.place, (line, column) => {
      const [ownMarks, ownTitles] = [marks[line], titles[line]]
      if (ownMarks) ownMarks[column] = colourOf(each)
      if (ownTitles) ownTitles[column] = `true ${each.given.true}, false ${each.given.false}, null ${each.given.null}`
    })
  for (const { mutant } of survived)
    if (mutant.place)
      paint(mutant.place, (line, column) => {
        const own = marks[line]
        if (own && !own[column]?.includes('mutant')) own[column] = `${own[column] ?? ''} mutant`.trim()
      })
  return lines
    .map((line, at) => `<span class="n">${at + 1}</span>${painted(line, marks[at] ?? [], titles[at] ?? [])}`)
    .join('\n')
}

function colourOf(condition: Covered): string {
  const gap = gapOf(condition)
  if (gap === undefined) return 'both'
  return gap === 'never evaluated' ? 'none' : 'part'
}

function painted(line: string, marks: readonly string[], titles: readonly string[]): string {
  let html = ''
  let start = 0
  while (start < line.length) {
    let end = start + 1
    while (end < line.length && marks[end] === marks[start] && titles[end] === titles[start]) end++
    const text = escaped(line.slice(start, end))
    html += marks[start] ? `<span class="${marks[start]}" title="${titles[start]}">${text}</span>` : text
    start = end
  }
  return html
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character)
