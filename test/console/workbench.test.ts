/** What the workbench knows without a server: heads of texts, places of faults, what is published, what came of a run. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { StreamParser } from '@codemirror/language'
import { StringStream } from '@codemirror/language'
import type { Library } from 'fhir/r4.js'
import { lineDiff, shortened } from '../../src/console/parts/line-diff.ts'
import { exampleCases } from '../../src/console/workbench/cases/example.ts'
import { judgeCase } from '../../src/console/workbench/cases/judge-case.ts'
import {
  asKept,
  asPublished,
  identityOf,
  isChanged,
  libraryOf,
  mapDraft,
  raised,
  ruleDraft,
  textOfBase64,
  withText,
} from '../../src/console/workbench/document/artefacts.ts'
import { besideAsText } from '../../src/console/workbench/document/beside.ts'
import { decidingDefines } from '../../src/console/workbench/document/deciding.ts'
import {
  artefactId,
  compareVersions,
  cqlHead,
  fmlHead,
  nextVersion,
  withCqlVersion,
  withFmlVersion,
} from '../../src/console/workbench/document/header.ts'
import { memberSpan, withMember, withoutMeta } from '../../src/console/workbench/document/json-text.ts'
import {
  asAuthorSees,
  consequencesApart,
  isGood,
  problemsOf,
  spanOf,
} from '../../src/console/workbench/document/problems.ts'
import { newMap, newRule } from '../../src/console/workbench/document/templates.ts'
import { cqlTokens } from '../../src/console/workbench/editor/cql-language.ts'
import { fmlTokens } from '../../src/console/workbench/editor/fml-language.ts'
import { draftOfTexts } from '../../src/console/workbench/files.ts'
import { dataOf, declaredParameters, kindOf, parameterOf } from '../../src/console/workbench/try/questions.ts'
import { readRun, readVerdict } from '../../src/console/workbench/try/results.ts'
import { readCaseFile } from '../../src/rules/cases/case-file.ts'
import type { Expectation } from '../../src/rules/cases/read-expectation.ts'

/** Tokens of a text, `token:words`, line by line. */
function tokens<State>(parser: StreamParser<State>, text: string): string[] {
  const state = parser.startState?.(2)
  assert.ok(state)
  return text.split('\n').flatMap((line) => {
    const stream = new StringStream(line, 2, 2)
    const found: string[] = []
    while (!stream.eol()) {
      stream.start = stream.pos
      const token = parser.token(stream, state)
      assert.ok(stream.pos > stream.start, `nothing is read of ${line.slice(stream.pos)}`)
      if (token) found.push(`${token}:${stream.current()}`)
    }
    return found
  })
}

describe('what stands in the way of a text', () => {
  const outcome = (...issues: [string, string?][]) => ({
    resourceType: 'OperationOutcome' as const,
    issue: issues.map(([text, diagnostics]) => ({
      severity: 'error' as const,
      code: 'invalid' as const,
      details: { text },
      ...(diagnostics && { diagnostics }),
    })),
  })
  const of = { language: 'cql' as const, library: 'A' }

  it('is no error where it is the version alone, and yet nothing good', () => {
    const text =
      'http://a.example/L|1.1.0 was published, and what is published does not change: raise the version. It differs in content.'
    const only = outcome([text])
    const found = problemsOf(only, of)
    assert.deepEqual(found, [{ severity: 'info', text, isOfVersion: true }])
    assert.equal(isGood(only, found), false)
  })

  it('stays an error where the server says anything else of what is published, or quotes it', () => {
    for (const text of [
      'http://a.example/L|1.1.0 was published: it can be active or retired, and never draft again. Raise the version for a draft.',
      'what is retired never comes into force again: raise the version',
      'No define x: http://a.example/L|1 was published, and what is published does not change: raise the version.',
    ])
      assert.deepEqual(problemsOf(outcome([text]), of), [{ severity: 'error', text }])
  })

  it('is what fails or does nothing whenever a map is run, though the server lets it be published', () => {
    const issue = (code: string | undefined) => ({
      severity: 'warning' as const,
      code: 'invalid' as const,
      details: { text: 'Bundle has no element', ...(code && { coding: [{ code }] }) },
    })
    const seen = asAuthorSees({
      resourceType: 'OperationOutcome',
      issue: ['fml-lenient-unknown-element', 'fml-lenient-type-mismatch', 'fml-lenient-arrow', undefined].map(issue),
    })
    assert.deepEqual(
      seen.issue.map(({ severity }) => severity),
      ['error', 'error', 'warning', 'warning'],
    )
    const none = JSON.parse('{"resourceType":"Bundle"}')
    assert.equal(asAuthorSees(none), none)
  })

  it('folds errors behind a fault of syntax, and nothing else', () => {
    const at = (line: number) => `library A, line ${line}, column 1`
    const found = problemsOf(
      outcome(['Unknown name', at(1)], ['Syntax error at define', at(2)], ['Could not resolve x', at(3)], ['No place']),
      of,
    )
    const { first, consequences } = consequencesApart(found)
    assert.deepEqual(
      first.map(({ text }) => text),
      ['Unknown name', 'Syntax error at define', 'No place'],
    )
    assert.deepEqual(
      consequences.map(({ text }) => text),
      ['Could not resolve x'],
    )
    const plain = problemsOf(outcome(['Unknown name', at(1)], ['Could not resolve x', at(3)]), of)
    assert.deepEqual(consequencesApart(plain), { first: plain, consequences: [] })
  })
})

describe('what decides', () => {
  it('are the defines that conditions name, and no others', () => {
    const condition = (expression: object, kind = 'applicability') => ({ kind, expression })
    const named = (expression: string) => ({ language: 'text/cql-identifier', expression })
    const plan = JSON.stringify({
      action: [
        { condition: [condition(named('"A b"')), condition(named('Starts'), 'start')] },
        { action: [{ condition: [condition(named('C')), condition({ language: 'text/cql', expression: '1 = 1' })] }] },
      ],
    })
    assert.deepEqual(decidingDefines([plan, plan, 'no JSON', '{"action": 1}']), ['A b', 'C'])
  })

  it('is what the example of cases expects, which can be read', () => {
    const words = { note: 'A note.', name: 'l\'exemple: "un"' }
    const rule = newRule({ name: 'EntryVaccination', canonical: 'http://a.example', jurisdiction: '' })
    const read = readCaseFile(exampleCases(rule, words) ?? '')
    assert.deepEqual(
      read.cases.map(({ name, expect }) => [name, expect.results.map(({ rule: define, value }) => [define, value])]),
      [[words.name, [['Entry Vaccination', false]]]],
    )
    const alone = { ...rule, parts: rule.parts.slice(0, 1) }
    assert.match(exampleCases(alone, words) ?? '', /results: \{ "Vaccinations": false \}/)
    assert.equal(exampleCases({ kind: 'rule', parts: [] }, words), undefined)
  })
})

describe('a draft that was published', () => {
  it('is saved as far as it was sent: what was written meanwhile is not', () => {
    const sent = withText(mapDraft('map "a" = "b"'), 'map', 'map "a" = "c"')
    assert.equal(isChanged(asKept(sent, sent.parts)), false)
    const written = withText(sent, 'map', 'map "a" = "d"')
    assert.equal(isChanged(asKept(written, sent.parts)), true)
  })
})

describe('words of CQL and FML', () => {
  it('tells comments, texts, names and dates of CQL apart, over several lines', () => {
    assert.deepEqual(tokens(cqlTokens, `/* one\ntwo */ define "A ""b": @2026-01-01T10:00 // 'x'`).slice(0, 6), [
      'blockComment:/* one',
      'blockComment:two */',
      'keyword:define',
      'variableName.definition:"A "',
      'variableName:"b"',
      'punctuation::',
    ])
    assert.deepEqual(tokens(cqlTokens, `exists X where X.a = 'it''s\nlong' and 12.5 > 3L`), [
      'keyword:exists',
      'variableName:X',
      'keyword:where',
      'variableName:X',
      'punctuation:.',
      'variableName:a',
      'operator:=',
      "string:'it'",
      "string:'s",
      "string:long'",
      'keyword:and',
      'number:12.5',
      'operator:>',
      'number:3L',
    ])
  })

  it('tells a transform from an element of the same name in FML', () => {
    assert.deepEqual(tokens(fmlTokens, `/// version = '1'\na.copy as b -> c.d = copy(b) "n"; // e`), [
      "meta:/// version = '1'",
      'variableName:a',
      'punctuation:.',
      'propertyName:copy',
      'keyword:as',
      'variableName:b',
      'operator:->',
      'variableName:c',
      'punctuation:.',
      'propertyName:d',
      'operator:=',
      'keyword:copy',
      'bracket:(',
      'variableName:b',
      'bracket:)',
      'string:"n"',
      'punctuation:;',
      'lineComment:// e',
    ])
  })

  it('reads every rule that ships to its end', () => {
    for (const name of ['ValidTest', 'VaccinationSchedule', 'Pilgrimage', 'CertifiedEvents']) {
      const text = readFileSync(new URL(`../../rules/cql/${name}.cql`, import.meta.url), 'utf8')
      assert.ok(!tokens(cqlTokens, text).some((each) => each.startsWith('invalid')), name)
    }
  })
})

describe('the head of a text', () => {
  it('is read behind comments, and changed without touching them', () => {
    const text = `// library Other version '9'\n/* library "X" version '8' */\nlibrary org."My Rule" version '1.2.0'\nusing FHIR`
    assert.deepEqual(cqlHead(text)?.version, '1.2.0')
    assert.equal(cqlHead(text)?.name, 'My Rule')
    assert.equal(withCqlVersion(text, '1.3.0'), text.replace("'1.2.0'", "'1.3.0'"))
    assert.equal(withCqlVersion('library A\nusing', '0.1.0'), "library A version '0.1.0'\nusing")
    assert.equal(cqlHead(`using FHIR\n'library A'`), undefined)
  })

  it('of a map stands in its lines, with or without a declaration', () => {
    const text = `/// url = 'http://x/Y'\n/// version = '1.0.0'\n/// name = 'Y'\n\nuses "a" as source`
    assert.deepEqual(fmlHead(text), { url: 'http://x/Y', name: 'Y', version: '1.0.0' })
    assert.deepEqual(fmlHead(`map "http://x/Z" = Z`), { url: 'http://x/Z', name: 'Z', version: undefined })
    assert.equal(fmlHead(withFmlVersion(text, '1.1.0'))?.version, '1.1.0')
    assert.equal(fmlHead(withFmlVersion(`map "http://x/Z" = Z`, '0.2.0'))?.version, '0.2.0')
  })

  it('is given the version that comes next, and an id of its own', () => {
    for (const [before, after] of Object.entries({ '1.2.3': '1.3.0', '1': '1.1', '0.9': '0.10', draft: 'draft.1' }))
      assert.equal(nextVersion(before), after)
    assert.equal(nextVersion(undefined), '0.1.0')
    assert.equal(artefactId('EntryVaccination', '0.2.0'), 'entry-vaccination-0.2.0')
    assert.match(artefactId('X'.repeat(200), '1.0.0'), /^[A-Za-z0-9.-]{1,64}$/)
    assert.match(artefactId('X'.repeat(200), '1.0.0'), /-1\.0\.0$/)
    assert.deepEqual(['1.10.0', '2', '1.9.1', '1.9'].sort(compareVersions), ['1.9', '1.9.1', '1.10.0', '2'])
    assert.equal(compareVersions('1.9', '1.9.0'), 0)
  })
})

describe('a text in JSON', () => {
  it('is changed at one place, and keeps what an author wrote', () => {
    const text =
      '{\n  "resourceType": "PlanDefinition",\n  "x": { "version": "9" },\n  "version" : "1.0",\n  "n": 1.50\n}'
    assert.equal(withMember(text, 'version', '1.1'), text.replace('"1.0"', '"1.1"'))
    assert.match(withMember(text, 'id', 'a'), /"PlanDefinition",\n {2}"id": "a",/)
    assert.equal(memberSpan('{ "a": [ { "version": "1" } ] }', 'version'), undefined)
    assert.equal(memberSpan('{ "a": "\\"version\\": 1"}', 'version'), undefined)
  })

  it('is shown without what the server put there', () => {
    const text =
      '{\n  "id": "a",\n  "meta": {\n    "versionId": "1",\n    "tag": [\n      {}\n    ]\n  },\n  "url": "x"\n}'
    assert.equal(withoutMeta(text), '{\n  "id": "a",\n  "url": "x"\n}')
  })
})

describe('faults and their places', () => {
  const outcome = (...issue: object[]) => JSON.parse(JSON.stringify({ resourceType: 'OperationOutcome', issue }))
  const error = { severity: 'error', code: 'invalid' }

  it('of CQL are those of its own library; others are told with theirs', () => {
    const found = problemsOf(
      outcome(
        { ...error, details: { text: 'b' }, diagnostics: 'library Own, line 7, column 3' },
        { ...error, details: { text: 'c' }, diagnostics: 'library Included, line 1, column 2' },
        { ...error, details: { text: 'a' }, diagnostics: 'library Own, line 2, column 9' },
        { severity: 'information', code: 'informational', diagnostics: 'X-Request-Id: 1' },
        { severity: 'warning', code: 'invariant', details: { text: 'narrative (dom-6)' }, expression: ['Library'] },
      ),
      { language: 'cql', library: 'Own' },
    )
    assert.deepEqual(
      found.map(({ text, place, elsewhere }) => [text, place?.line, place?.column, elsewhere]),
      [
        ['a', 2, 9, undefined],
        ['b', 7, 3, undefined],
        ['c', undefined, undefined, 'Included, 1:2'],
      ],
    )
  })

  it('of FML stand before their text, those of JSON at their element', () => {
    const [found] = problemsOf(outcome({ ...error, diagnostics: 'line 4, column 16: Unknown' }), { language: 'fml' })
    assert.deepEqual([found?.text, found?.place], ['Unknown', { line: 4, column: 16 }])
    const text = '{\n "library": [\n  "x"\n ]\n}'
    const [plan] = problemsOf(
      outcome({ ...error, details: { text: 'no' }, expression: ['PlanDefinition.library[0]'] }),
      {
        language: 'json',
        text,
      },
    )
    assert.equal(plan?.place?.line, 3)
    const [entry] = problemsOf(
      outcome({ ...error, details: { text: 'no' }, expression: ['Bundle.entry[1]', 'PlanDefinition.library[0]'] }),
      { language: 'json', text },
    )
    assert.equal(entry?.place?.line, 3)
  })

  it('are never good news where a severity is not known, or nothing was said', () => {
    const judged = (...issues: object[]) =>
      isGood(outcome(...issues), problemsOf(outcome(...issues), { language: 'fml' }))
    assert.equal(judged(), false)
    assert.equal(judged({ severity: 'catastrophic', code: 'x' }), false)
    assert.equal(judged({ severity: 'warning', code: 'x' }), true)
    assert.equal(judged({ ...error, code: 'not-found', details: { text: 'the library X is not known' } }), false)
    assert.equal(judged({ ...error, code: 'not-found', details: { text: 'Whether a is in b is not known: c' } }), true)
    const [found] = problemsOf(outcome({ severity: 'catastrophic', code: 'x' }), { language: 'fml' })
    assert.equal(found?.severity, 'error')
  })

  it('are found in the text, also beyond its end', () => {
    const text = 'one\ntwo "a b" x\n'
    assert.deepEqual(spanOf(text, { line: 2, column: 5 }), { from: 8, to: 13 })
    assert.deepEqual(spanOf(text, { line: 1, column: 99 }), { from: 3, to: 3 })
    assert.deepEqual(spanOf(text, { line: 99, column: 1 }), { from: text.length, to: text.length })
  })
})

describe('a difference', () => {
  it('is the fewest lines that were removed and added', () => {
    assert.deepEqual(
      lineDiff('a\nb\nc\nd', 'a\nx\nc\nd\ne').map(({ kind, text }) => `${kind[0]}${text}`),
      ['sa', 'rb', 'ax', 'sc', 'sd', 'ae'],
    )
    assert.deepEqual(
      lineDiff('', 'a').map(({ kind }) => kind),
      ['added'],
    )
    assert.deepEqual(lineDiff('a', ''), [{ kind: 'removed', text: 'a', before: 1 }])
    assert.deepEqual(
      lineDiff('same\n', 'same').map(({ kind }) => kind),
      ['same'],
    )
  })

  it('gives back both texts, whatever they are', () => {
    let seed = 7
    const random = (most: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % most
    }
    const made = () => Array.from({ length: random(30) + 1 }, () => 'abc'[random(3)] ?? '')
    for (let round = 0; round < 300; round++) {
      const [before, after] = [made(), made()]
      const lines = lineDiff(before.join('\n'), after.join('\n'))
      const of = (kind: string) => lines.filter((each) => each.kind !== kind).map(({ text }) => text)
      assert.deepEqual([of('added'), of('removed')], [before, after])
    }
  })

  it('of texts that have little in common is bounded, and still whole', () => {
    const [before, after] = [1, 2].map((each) => Array.from({ length: 5_000 }, (_, at) => `${each}-${at}`).join('\n'))
    const lines = lineDiff(before ?? '', after ?? '')
    assert.equal(lines.length, 10_000)
    assert.ok(!lines.some(({ kind }) => kind === 'same'))
  })

  it('is shown with three lines around it', () => {
    const text = Array.from({ length: 40 }, (_, at) => `line ${at}`)
    const changed = text.with(20, 'other')
    const shown = shortened(lineDiff(text.join('\n'), changed.join('\n')))
    assert.deepEqual(
      shown.map((each) => each?.text ?? null),
      [null, 'line 17', 'line 18', 'line 19', 'line 20', 'other', 'line 21', 'line 22', 'line 23', null],
    )
  })
})

describe('what is on the bench', () => {
  const plan = `{\n  "resourceType": "PlanDefinition",\n  "id": "a-rule",\n  "url": "http://x/PlanDefinition/a-rule",\n  "version": "1.0.0",\n  "date": "2020-01-01",\n  "library": ["http://x/Library/Odd|1.0.0"]\n}`
  const library = JSON.parse(
    JSON.stringify({
      resourceType: 'Library',
      id: 'odd',
      meta: { versionId: '3' },
      url: 'http://x/Library/Odd',
      name: 'Odd',
      version: '1.0.0',
      status: 'active',
      date: '2020-01-01',
      content: [
        { contentType: 'application/elm+json', data: 'e30=' },
        { contentType: 'text/cql', data: Buffer.from("library Odd version '1.0.0'\n// ü").toString('base64') },
      ],
    }),
  )
  const draft = ruleDraft(library, [{ text: plan }])
  assert.ok(draft)

  it('becomes a Library under its own id while it is the same version', () => {
    const [part] = draft.parts
    assert.ok(part)
    const made = libraryOf(part)
    assert.equal(made.id, 'odd')
    assert.equal(made.meta, undefined)
    // What was compiled of another text never goes with this one.
    assert.deepEqual(
      made.content?.map(({ contentType }) => contentType),
      ['text/cql'],
    )
    assert.equal(textOfBase64(made.content?.[0]?.data ?? ''), "library Odd version '1.0.0'\n// ü")
  })

  it('is published with what is said beside its text, as far as that holds of the text', () => {
    const depends = (resource: string) => ({ type: 'depends-on' as const, resource })
    const before = `library Odd version '1.0.0'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
include some.place.Common version '1.0.0' called Common
valueset "Tests": 'http://x/ValueSet/tests|2'
valueset "Gone": 'http://x/ValueSet/gone'
parameter "Hours" Integer default 72
parameter Old Integer
define "Met": true
define "Left": true`
    const after = before
      .replace("Common version '1.0.0'", "Common version '1.1.0'")
      .replace("include FHIRHelpers version '4.0.1'\n", "// include FHIRHelpers version '4.0.1'\n")
      .replace(`valueset "Gone": 'http://x/ValueSet/gone'\n`, '')
      .replace('parameter Old Integer\n', '')
      .replace('define "Left": true', '')
    const parameter = (name: string, use: 'in' | 'out') => ({ name, use, type: 'integer' })
    const whole: Library = {
      ...library,
      publisher: 'X',
      relatedArtifact: [
        ...[
          'Library/Common|1.0.0',
          'Library/FHIRHelpers|4.0.1',
          'ValueSet/tests|2',
          'ValueSet/gone',
          'Library/Other|3',
        ].map((each) => depends(`http://x/${each}`)),
        { type: 'citation', resource: 'http://x/Library/FHIRHelpers' },
      ],
      parameter: [parameter('Hours', 'in'), parameter('Old', 'in'), parameter('Met', 'out'), parameter('Left', 'out')],
      dataRequirement: [{ type: 'Observation' }],
      content: [
        { contentType: 'text/cql', data: Buffer.from(before).toString('base64') },
        { contentType: 'application/elm+json', data: 'e30=' },
        { contentType: 'text/plain', data: 'YQ==' },
      ],
    }
    const own = ruleDraft(whole, [])
    assert.ok(own)
    const made = (text: string) => {
      const [part] = withText(own, 'library', text).parts
      assert.ok(part)
      return libraryOf(part)
    }
    const other = made(after)
    assert.deepEqual(
      other.relatedArtifact?.map(({ resource }) => resource?.slice('http://x/'.length)),
      ['Library/Common|1.1.0', 'ValueSet/tests|2', 'Library/Other|3', 'Library/FHIRHelpers'],
      'what the text never named is the author’s own',
    )
    assert.deepEqual(
      other.parameter?.map(({ name }) => name),
      ['Hours', 'Met'],
    )
    assert.equal(other.dataRequirement, undefined)
    assert.equal(other.publisher, 'X')
    assert.deepEqual(
      other.content?.map(({ contentType }) => contentType),
      ['text/cql', 'text/plain'],
    )
    assert.equal(besideAsText(made(before)), besideAsText(whole), 'what was not touched is as it was opened')
    assert.notEqual(besideAsText(other), besideAsText(whole))
    const [part] = asPublished(own, [{ key: 'library', id: 'odd', tag: 'W/"4"' }]).parts
    assert.deepEqual([own.parts[0]?.from?.tag, part?.from], ['W/"3"', { id: 'odd', tag: 'W/"4"' }])
  })

  it('gets a new version in all its texts, and a new id and day for each', () => {
    const [first, second] = raised(draft).parts
    assert.ok(first && second)
    const made = libraryOf(first)
    assert.deepEqual([made.id, made.version, made.url], ['odd-1.1.0', '1.1.0', 'http://x/Library/Odd'])
    assert.notEqual(made.date, '2020-01-01')
    const { date, ...raisedPlan } = JSON.parse(second.text)
    assert.deepEqual(raisedPlan, {
      resourceType: 'PlanDefinition',
      id: 'a-rule-1.1.0',
      url: 'http://x/PlanDefinition/a-rule',
      version: '1.1.0',
      library: ['http://x/Library/Odd|1.1.0'],
    })
    assert.notEqual(date, '2020-01-01')
  })

  it('is another artefact under another name, beside the old one', () => {
    const [part] = draft.parts
    assert.ok(part)
    const renamed = identityOf({ ...part, text: "library Even version '1.0.0'" })
    assert.deepEqual([renamed.url, renamed.id], ['http://x/Library/Even', 'even-1.0.0'])
  })

  it('begins from templates that say who they are', () => {
    const beginning = { name: 'EntryRule', canonical: 'https://health.example/fhir', jurisdiction: 'NZ' }
    const identities = [...newRule(beginning).parts, ...newMap(beginning).parts].map(identityOf)
    assert.deepEqual(
      identities.map(({ url, version }) => `${url}|${version}`),
      [
        'https://health.example/fhir/Library/EntryRule|0.1.0',
        'https://health.example/fhir/PlanDefinition/entry-rule|0.1.0',
        'https://health.example/fhir/StructureMap/EntryRule|0.1.0',
      ],
    )
  })

  it('comes from files only where they are one rule, or one map', () => {
    const cql = "library A version '1'"
    assert.equal(draftOfTexts([plan, cql])?.parts.length, 2)
    assert.equal(draftOfTexts(['map "http://x/Z" = Z'])?.kind, 'map')
    for (const wrong of [
      [plan],
      [cql, cql],
      [cql, 'map "http://x/Z" = Z'],
      ['{}'],
      ['nothing'],
      [cql, '{"resourceType":"Patient"}'],
    ])
      assert.equal(draftOfTexts(wrong), undefined, JSON.stringify(wrong))
    assert.equal(mapDraft('x', { text: 'x', from: undefined }).parts[0]?.published, 'x')
  })
})

describe('what a run is given', () => {
  it('is told apart by what stands in it', () => {
    assert.deepEqual(['', 'HC1:6BF', '{"data":{},"sig":{}}', '{"resourceType":"Bundle"}'].map(kindOf), [
      'nothing',
      'credential',
      'credential',
      'json',
    ])
    assert.deepEqual(dataOf('{"resourceType":"Bundle","type":"collection"}'), {
      resourceType: 'Bundle',
      type: 'collection',
    })
    const set = JSON.stringify(dataOf('{"resourceType":"DDCCCoreDataSetVS"}'))
    assert.match(set, /"contentType":"application\/json"/)
    assert.equal(dataOf('[1]'), undefined)
  })

  it('takes parameters of the text, in their types and no others', () => {
    const declared = declaredParameters(
      `parameter "NAAT Hours" Integer default 72\n// parameter X Integer\nparameter Day Date\nparameter Range Interval<Date>\nparameter P default 3 // c`,
    )
    assert.deepEqual(
      declared.map(({ name, type, default: value }) => [name, type, value]),
      [
        ['NAAT Hours', 'Integer', '72'],
        ['Day', 'Date', undefined],
        ['P', '', '3'],
      ],
    )
    const integer = { name: 'N', type: 'Integer', default: undefined }
    assert.deepEqual(parameterOf(integer, ' 48 '), { name: 'N', valueInteger: 48 })
    assert.equal(parameterOf(integer, '4.5'), undefined)
    assert.equal(parameterOf({ ...integer, type: 'Boolean' }, 'yes'), undefined)
    assert.equal(parameterOf({ ...integer, type: 'Tuple' }, '1'), undefined)
  })
})

describe('what came of a run', () => {
  const boolean = [{ url: 'http://hl7.org/fhir/StructureDefinition/cqf-cqlType', valueString: 'System.Boolean' }]

  it('is true or false only where the server says so', () => {
    const reply = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'A', valueBoolean: true, extension: boolean },
        { name: 'B', _valueBoolean: {}, extension: boolean },
        { name: 'C', valueString: 'true', extension: boolean },
        { name: 'evaluation error', resource: { resourceType: 'OperationOutcome', issue: [] } },
        { name: 'L', valueInteger: 1 },
        { name: 'L', valueInteger: 2 },
        { name: 'explanation', valueBoolean: true },
      ],
    }
    const run = readRun(reply, true)
    assert.deepEqual(
      run?.defines.map(({ name, truth }) => [name, truth]),
      [
        ['A', 'true'],
        ['B', 'null'],
        ['C', 'null'],
        ['L', undefined],
      ],
    )
    assert.equal(run?.failures.length, 1)
    assert.equal(run?.defines[3]?.value.list?.length, 2)
    assert.equal(readRun({ resourceType: 'Bundle' }, false), undefined)
    // Nothing was explained: a define may have that name.
    assert.equal(readRun(reply, false)?.defines.at(-1)?.name, 'explanation')
  })

  it('holds no data of a credential that is not verified, and no word that is not known', () => {
    const content = { name: 'content', resource: { resourceType: 'Bundle', type: 'collection', entry: [{}] } }
    const said = (decision: string, status: string) => ({
      resourceType: 'Parameters',
      parameter: [{ name: 'decision', valueCode: decision }, { name: 'status', valueCode: status }, content],
    })
    assert.equal(readVerdict(said('unverified', 'SIGNATURE_INVALID'))?.data, undefined)
    assert.equal(readVerdict(said('accepted', 'VERIFIED'))?.data?.entry.length, 1)
    assert.equal(readVerdict(said('splendid', 'VERIFIED')), undefined)
    assert.equal(
      readVerdict({ resourceType: 'Parameters', parameter: [{ name: 'status', valueCode: 'VERIFIED' }] }),
      undefined,
    )
  })
})

describe('a case', () => {
  const expectation = (text: string): Expectation => {
    const [one] = readCaseFile(
      `clock: 2026-06-01T12:00:00Z\ncases:\n  - name: x\n    bundle: { resourceType: Bundle, type: collection }\n    expect: ${text}\n`,
    ).cases
    assert.ok(one)
    return one.expect
  }
  const run = (truth: boolean | undefined) => {
    const read = readRun(
      {
        resourceType: 'Parameters',
        parameter: [
          {
            name: 'Rule',
            ...(truth === undefined ? { _valueBoolean: {} } : { valueBoolean: truth }),
            extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/cqf-cqlType', valueString: 'System.Boolean' }],
          },
        ],
      },
      false,
    )
    assert.ok(read)
    return read
  }
  const action = {
    title: 'The rule',
    condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: '"Rule"' } }],
  }
  const planOf = (...actions: object[]) =>
    JSON.stringify({ resourceType: 'PlanDefinition', url: 'http://x/the-rule', action: actions })

  it('is met only where all that it expects came', () => {
    const plans = [planOf(action)]
    const judged = (text: string, truth: boolean | undefined) =>
      judgeCase(expectation(text), { run: run(truth), plans }).state
    assert.equal(judged('{ decision: accepted, results: { The rule: true } }', true), 'met')
    assert.equal(judged('{ decision: accepted, results: { The rule: true } }', false), 'unmet')
    assert.equal(judged('{ decision: undetermined, results: { Rule: null } }', undefined), 'met')
    assert.equal(judged('{ results: { Other: true } }', true), 'open')
    assert.equal(judged('{ results: { Rule: true }, messages: { Rule: no } }', true), 'open')
  })

  it('is open where a rule set decides in ways that are not judged here', () => {
    const expected = expectation('{ decision: accepted }')
    for (const plans of [
      [],
      [planOf({ ...action, selectionBehavior: 'any' })],
      [planOf({ title: 'g', action: [action] })],
      [planOf({ ...action, code: [{ coding: [{ code: 'invalidation' }] }] })],
    ])
      assert.equal(judgeCase(expected, { run: run(true), plans }).state, 'open')
  })
})
