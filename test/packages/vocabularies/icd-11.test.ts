import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { icdSource } from '../../../src/packages/vocabularies/icd-11/icd-source.ts'
import { columns, jsonFiles, records, tabulation } from '../../terminology/vocabularies/icd-11/sample.ts'
import { memoryFiles } from '../../terminology/vocabularies/support.ts'
import { makeZip } from './make-zip.ts'

const TABLE = 'SimpleTabulation-ICD-11-MMS-en.txt'

/** What is done to a good release, and what the error says. */
interface Change {
  what: string
  shape: 'table' | 'json'
  replace?: [string, string]
  remove?: string
  all?: true
  says: string
}
const changes: Change[] = JSON.parse(readFileSync(new URL('./cases/icd-11-changes.json', import.meta.url), 'utf8'))

function changed({ shape, replace, remove, all }: Change): Record<string, string> {
  const files: Record<string, string> = shape === 'table' ? { [TABLE]: tabulation() } : jsonFiles()
  if (remove !== undefined) delete files[remove]
  const [from, to] = replace ?? ['', '']
  if (from === '') return files
  const name = Object.keys(files).find((each) => files[each]?.includes(from))
  assert.ok(name !== undefined, `the sample has ${from}`)
  const before = files[name] ?? ''
  files[name] = all ? before.replaceAll(from, to) : before.replace(from, to)
  return files
}

const read = (files: Record<string, string | Uint8Array>, version?: string) => {
  const source = icdSource(memoryFiles(files, '/releases/icd'), { version })
  return { source, items: [...source.items(() => {})], maps: [...(source.maps?.() ?? [])] }
}

const refused = (files: Record<string, string | Uint8Array>, says: string, version?: string) =>
  assert.throws(
    () => read(files, version),
    (error: unknown) => {
      assert.ok(error instanceof FhirError, String(error))
      assert.equal(error.status, 422)
      assert.ok(error.message.includes(says), `${error.message}\nlacks\n${says}`)
      return true
    },
  )

/** The sample as a spreadsheet; some cells by number of a shared text, some inline. */
function spreadsheet(rows: string[][]): Uint8Array {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const shared = [...new Set(rows.flat())]
  const letter = (column: number) => String.fromCharCode(65 + column)
  const cell = (text: string, column: number, row: number) => {
    const at = `r="${letter(column)}${row + 1}"`
    if (text === '') return ''
    if (text === 'True' || text === 'False') return `<c ${at} t="b"><v>${text === 'True' ? 1 : 0}</v></c>`
    if (/^\d+$/.test(text) && column === 6) return `<c ${at}><v>${text}</v></c>`
    return column % 2 === 0
      ? `<c ${at} t="s"><v>${shared.indexOf(text)}</v></c>`
      : `<c ${at} t="inlineStr"><is><t>${escaped(text)}</t></is></c>`
  }
  const sheet = rows.map(
    (row, i) => `<row r="${i + 1}">${row.map((text, column) => cell(text, column, i)).join('')}</row>`,
  )
  const texts = shared.map(
    (text) =>
      `<si><r><t>${escaped(text.slice(0, 3))}</t></r><r><t>${escaped(text.slice(3))}</t></r><rPh><t>x</t></rPh></si>`,
  )
  return makeZip([
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: 'xl/sharedStrings.xml', content: `<?xml version="1.0" encoding="UTF-8"?><sst>${texts.join('')}</sst>` },
    {
      name: 'xl/worksheets/sheet1.xml',
      content: `<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>${sheet.join('')}</sheetData></worksheet>`,
    },
  ])
}

const unquoted = (rows: string[][]) =>
  rows.map((row) => row.map((text) => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text)))

describe('a release of ICD-11', () => {
  for (const change of changes)
    it(`${change.shape}: ${change.what} is refused`, () => refused(changed(change), change.says))

  it('says the same as a text, as a spreadsheet, and as entities in JSON, as far as they go', () => {
    const fromText = read({ [TABLE]: tabulation() })
    const fromSheet = read({ [TABLE.replace('.txt', '.xlsx')]: spreadsheet(unquoted([columns, ...records()])) })
    assert.deepEqual(fromSheet.items, fromText.items)
    const fromJson = read(jsonFiles())
    const short = ({ items }: typeof fromText) =>
      items.map((each) =>
        'problem' in each ? each : { code: each.code, display: each.display, parents: each.parents },
      )
    assert.deepEqual(short(fromJson), short(fromText))
    assert.equal(fromJson.source.head.version, '2031-01')
  })

  it('needs its release told where its entities do not name it, and then takes no other', () => {
    const bare = tabulation().replaceAll('/2031-01/', '/')
    refused({ [TABLE]: bare }, 'does not say which release it is')
    assert.equal(read({ [TABLE]: bare }, '2031-01').source.head.version, '2031-01')
    refused({ [TABLE]: bare }, "'latest' is no release", 'latest')
    refused({ [TABLE]: tabulation() }, 'has entities of the release 2031-01: it is not 2030-01', '2030-01')
  })

  it('takes titles of further languages, of the same release alone', () => {
    const french = TABLE.replace('-en', '-fr')
    const both = read({ [TABLE]: tabulation(), [french]: tabulation('fr') })
    assert.ok(both.source.findings.some((each) => each.includes('en, fr')))
    refused({ [TABLE]: tabulation(), [french]: tabulation('fr', records('fr').slice(0, -1)) }, 'half of it is missing')
    refused(
      { [TABLE]: tabulation(), [french]: tabulation('fr').replaceAll('2031-01', '2030-01') },
      'another linearization or release',
    )
  })

  it('has its tables of maps as concept maps', () => {
    const forward = [
      [
        '10ClassKind',
        '10DepthInKind',
        'icd10Code',
        'icd10Chapter',
        'icd10Title',
        '11ClassKind',
        '11DepthInKind',
        'icd11Code',
        'icd11Title',
        'Relation',
      ],
      ['category', '1', 'Z00', 'I', '- Fever', 'category', '1', '9A00', '- - Dragon fever', 'Subclass'],
      ['category', '1', 'Z00', 'I', '- Fever', 'category', '1', '9A01', '- - Griffin pox', ''],
      ['category', '1', 'Z01', 'I', '- Nothing', '', '', 'No Mapping', '', ''],
      ['category', '1', 'Z02', 'I', '- Fall of one fevered', 'category', '1', '9N10/9A00', '', 'equivalent'],
    ]
    const text = (rows: string[][]) => rows.map((row) => row.join('\t')).join('\n')
    const { maps } = read({
      [TABLE]: tabulation(),
      'mapping/10To11MapToOneCategory.txt': text(forward),
      'mapping/11To10MapToOneCategory.txt': text(forward.slice(0, 2)),
      'mapping/foundation_10To11MapToOneCategory.txt': 'something else',
    })
    assert.equal(maps.length, 2)
    const [there, back] = maps
    assert.deepEqual(there?.group?.[0]?.element, [
      {
        code: 'Z00',
        display: 'Fever',
        target: [
          { code: '9A00', display: 'Dragon fever', equivalence: 'wider' },
          { code: '9A01', display: 'Griffin pox', equivalence: 'relatedto' },
        ],
      },
      { code: 'Z01', display: 'Nothing', target: [{ equivalence: 'unmatched' }] },
      { code: 'Z02', display: 'Fall of one fevered', target: [{ code: '9N10/9A00', equivalence: 'equivalent' }] },
    ])
    assert.equal(there?.group?.[0]?.source, 'http://hl7.org/fhir/sid/icd-10')
    assert.equal(there?.group?.[0]?.target, 'http://id.who.int/icd/release/11/mms')
    assert.deepEqual(
      back?.group?.[0]?.element?.map(({ code }) => code),
      ['9A00'],
    )
  })

  it('that is a spreadsheet with tricks is refused', () => {
    const name = TABLE.replace('.txt', '.xlsx')
    const sheet = (content: string) => makeZip([{ name: 'xl/worksheets/sheet1.xml', content }])
    for (const [bytes, says] of [
      [Buffer.from('no archive'), 'is no archive that can be read'],
      [makeZip([{ name: 'a', content: 'b' }]), 'it has no sheet'],
      [sheet('<worksheet>'), 'is no spreadsheet that can be read'],
      [sheet('<!DOCTYPE x [<!ENTITY a "aaa">]><worksheet>&a;</worksheet>'), 'it has a document type'],
      [sheet('<worksheet><row><c r="A1" t="s"><v>7</v></c></row></worksheet>'), 'names the text 7, which is not there'],
      [sheet('<worksheet><row><c r="ZZZ1"><v>7</v></c></row></worksheet>'), "a cell is called 'ZZZ1'"],
      [sheet('<worksheet><row><c r="A1" t="e"><v>#REF!</v></c></row></worksheet>'), 'has the error #REF!'],
      [sheet('<worksheet/>'), 'the file is empty'],
    ] as const)
      refused({ [name]: bytes }, says)
  })

  it('that is changed anywhere is read or refused, and nothing else happens', () => {
    for (const files of [
      { [TABLE]: tabulation() },
      jsonFiles(),
      { 'SimpleTabulation-x.xlsx': spreadsheet(unquoted([columns, ...records()])) },
    ]) {
      const names = Object.keys(files)
      fc.assert(
        fc.property(
          fc.constantFrom(...names),
          fc.nat(),
          fc.string({ maxLength: 4 }),
          fc.nat(3),
          (name, place, text, cut) => {
            const before = Buffer.from(Object.entries(files).find(([each]) => each === name)?.[1] ?? '')
            const at = place % before.length
            const after = Buffer.concat([before.subarray(0, at), Buffer.from(text), before.subarray(at + cut)])
            try {
              read({ ...files, [name]: after })
            } catch (error) {
              assert.ok(
                error instanceof FhirError && error.status === 422,
                error instanceof Error ? error.stack : String(error),
              )
            }
          },
        ),
        { numRuns: 80 },
      )
    }
  })
})
