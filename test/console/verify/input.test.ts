/** What goes into a question of the Verify view: parts of cards, typing of scanners, documents; and what names look like beside it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addTo, type Burst, isOfScanner, isScanned, joined } from '../../../src/console/verify/input/burst.ts'
import { type Collected, collect, completed, partOf } from '../../../src/console/verify/input/chunks.ts'
import { countries, countryName } from '../../../src/console/verify/input/countries.ts'
import { documentFault } from '../../../src/console/verify/input/document-fault.ts'
import {
  documentLines,
  isDocumentLine,
  isWholeDocument,
  mayBeDocument,
  withLine,
} from '../../../src/console/verify/input/document-lines.ts'
import { isMistyped, longestText, takeIn } from '../../../src/console/verify/input/intake.ts'
import { expectedOf, parametersOf, type Question } from '../../../src/console/verify/input/question.ts'
import {
  isLatin,
  machineReadableDate,
  machineReadableName,
} from '../../../src/console/verify/reply/machine-readable.ts'
import { numericTexts } from '../../../src/credentials/shc/numeric.ts'
import { readMachineReadableZone } from '../../../src/evaluate/identity/machine-readable-zone.ts'
import { readEvaluateRequest } from '../../../src/evaluate/request.ts'
import type { Parameters } from '../../../src/fhir/types.ts'
import { machineReadableZone } from '../../support/machine-readable-zone.ts'

describe('parts of a card', () => {
  const card = numericTexts('eyJ6aXAiOiJERUYifQ.abcdefghijklmnop.qrstuvwxyz', 3)

  it('are one card in any order, each as often as it is seen', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 0, 1, 2, 2], { minLength: 7 }), (order) => {
        let held: Collected | undefined
        let whole: string[] | undefined
        for (const at of order) {
          held = collect(held, card[at] ?? '')?.collected
          whole ??= held && completed(held)
        }
        assert.deepEqual(whole, card)
      }),
    )
  })

  it('of two cards are never put together', () => {
    const other = numericTexts('eyJ6aXAiOiJERUYifQ.ZYXWVUTSRQPONMLK.JIHGFEDCBA', 3)
    const first = collect(undefined, card[0] ?? '')
    const clash = collect(first?.collected, other[0] ?? '')
    assert.deepEqual([...(clash?.collected.parts ?? [])], [[1, other[0]]])
    const ofTwo = collect(first?.collected, 'shc:/2/2/5676')
    assert.deepEqual([ofTwo?.collected.of, ofTwo?.collected.parts.size], [2, 1])
  })

  it('are not those of impossible numbers', () => {
    for (const text of [
      'shc:/0/2/56',
      'shc:/3/2/56',
      'shc:/1/1/56',
      'shc:/1/99/56',
      'shc:/56',
      'shc:/1/2/',
      'HC1:1/2/56',
    ])
      assert.equal(partOf(text), undefined, text)
  })
})

describe('what comes in', () => {
  const ask = (...credentials: string[][]) => ({ is: 'ask', credentials })
  const parts = numericTexts('eyJ6aXAiOiJERUYifQ.abcdefghijklmnop.qrstuvwxyz', 2)

  it('is asked about exactly as it was scanned', () => {
    for (const text of ['HC1:6BF+70790T9WJWG.FKY*4GO0 ', ' HC1:X', '{"a":1,\n "b":2}', 'anything at all'])
      assert.deepEqual(takeIn([text], undefined), ask([text]))
  })

  it('is several where several were pasted, and one card where they are its parts', () => {
    assert.deepEqual(takeIn(['HC1:A\r\nHC1:B\n'], undefined), ask(['HC1:A'], ['HC1:B']))
    assert.deepEqual(takeIn([`${parts[1]}\n  ${parts[0]}`], undefined), ask(parts))
    const first = takeIn([parts[0] ?? ''], undefined)
    assert.ok(first.is === 'part' && first.isNew)
    const again = takeIn([parts[0] ?? ''], first.collected)
    assert.ok(again.is === 'part' && !again.isNew)
    assert.deepEqual(takeIn([parts[1] ?? ''], first.collected), ask(parts))
  })

  it('leaves nothing out that could say no: a card of which a part is missing, beside a whole code', () => {
    assert.deepEqual(takeIn(['HC1:A', parts[0] ?? ''], undefined), ask(['HC1:A'], [parts[0] ?? '']))
    const other = ['shc:/1/2/91', 'shc:/2/2/92']
    assert.deepEqual(
      takeIn([parts[0] ?? '', ...other], undefined),
      ask(other, [parts[0] ?? '']),
      'the first card is not left out',
    )
    assert.deepEqual(takeIn(['HC1:A', 'https://example.org/menu'], undefined), ask(['HC1:A']))
    assert.deepEqual(takeIn(['https://example.org/menu'], undefined), ask(['https://example.org/menu']))
    assert.deepEqual(
      takeIn(['HC1:A', 'https://viewer.example.org/#shlink:/eyJ1'], undefined),
      ask(['HC1:A'], ['https://viewer.example.org/#shlink:/eyJ1']),
    )
  })

  it('is not sent when no code can be so long, nor when there is nothing', () => {
    assert.deepEqual(takeIn(['x'.repeat(longestText + 1)], undefined), { is: 'tooLong' })
    assert.deepEqual(takeIn(['', ' \n'], undefined), { is: 'nothing' })
    assert.deepEqual(takeIn([], undefined), { is: 'nothing' })
  })

  it('is a line of a passport where it is one, and never a certificate', () => {
    const lines = machineReadableZone({ layout: 'TD3', name: 'SPECIMEN<<ADA', born: '850314' })
    for (const line of lines) assert.deepEqual(takeIn([line], undefined), { is: 'documentLine', line })
    assert.ok(isDocumentLine(lines.join('\n')))
    assert.ok(!isDocumentLine('HC1:6BF+70790T9WJWG.FKY*4GO0ABCDEFGHIJ'))
    assert.ok(!isDocumentLine('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'))
  })

  it('is a whole document without line ends, too, in every layout', () => {
    for (const layout of ['TD1', 'TD2', 'TD3'] as const) {
      const lines = machineReadableZone({ layout, name: 'SPECIMEN<<ADA', born: '850314' })
      const line = lines.join('')
      assert.deepEqual(takeIn([line], undefined), { is: 'documentLine', line })
      assert.deepEqual(documentLines(line), { read: [1], of: 1 })
      let held = ''
      for (const [at, each] of lines.entries()) {
        held = withLine(held, each)
        assert.deepEqual(documentLines(held), {
          read: lines.slice(0, at + 1).map((_, place) => place + 1),
          of: lines.length,
        })
      }
      let reversed = ''
      for (const each of lines.toReversed()) {
        assert.ok(!isWholeDocument(reversed))
        reversed = withLine(reversed, each)
        assert.equal(
          withLine(reversed, each),
          reversed === lines.join('\n') ? each : reversed,
          'a line that is read twice',
        )
      }
      assert.equal(reversed, lines.join('\n'), 'in the order of the document')
      assert.deepEqual(documentLines(lines[1] ?? ''), { read: [2], of: lines.length })
      for (let end = 1; end <= (lines[1]?.length ?? 0); end++)
        assert.ok(mayBeDocument((lines[1] ?? '').slice(0, end), false))
      assert.equal(withLine(held, line), line, 'a whole one is another one')
      for (let end = 1; end <= line.length; end++) assert.ok(mayBeDocument(line.slice(0, end), false))
      assert.ok(mayBeDocument(`${lines[1]}\n`, true))
    }
  })

  it('is no document as soon as it is typed as a code, and a code of capitals is none for long', () => {
    assert.ok(
      ['HC1:', 'HC1Ö', 'shc:', 'B64:', '{"a"', 'P<UTO:', 'ABCD'.repeat(30)].every((text) => !mayBeDocument(text, true)),
    )
    assert.ok(!mayBeDocument('X000000002', false), 'a second line has its check digits')
    assert.ok(!mayBeDocument('X000000001UTOA', false), 'nor letters where it has a date')
  })

  it('is a document that was misread by its check digits, and a date that is none, before anything is sent', () => {
    for (const layout of ['TD1', 'TD2', 'TD3'] as const) {
      const lines = machineReadableZone({ layout, name: 'SPECIMEN<<ADA', born: '850314' })
      const mrz = lines.join('\n')
      assert.equal(documentFault({ name: '', birthDate: '', mrz }), undefined)
      const [first = '', second = '', ...rest] = lines
      for (const wrong of [
        [second, first, ...rest],
        [first, second.replace('850314', '850315'), ...rest],
        [first, second.slice(1), ...rest],
        [first, `${second.slice(0, -1)}${second.endsWith('7') ? '8' : '7'}`, ...rest],
      ])
        assert.equal(documentFault({ name: 'Ada', birthDate: '', mrz: wrong.join('\n') }), 'mrz', wrong.join('\n'))
    }
    const ofDate = (birthDate: string) => documentFault({ name: '', birthDate, mrz: '' })
    for (const date of ['', '1985', '1985-03', '1985-03-14', ' 2024-02-29 '])
      assert.equal(ofDate(date), undefined, date)
    for (const date of ['14.3.1985', '1985-3-14', '1985-02-30', '2023-02-29', '1985-13', '0000', 'x'])
      assert.equal(ofDate(date), 'birthDate', date)
  })

  it('tells a scanner that types with another keyboard', () => {
    assert.ok(['HC1Ö6BF', 'hc1:6bf', 'HC1>6BF'].every(isMistyped))
    assert.ok(!['HC1:6BF', 'shc:/56', '{"hc1":1}'].some(isMistyped))
  })
})

describe('typing', () => {
  const typed = (gaps: number[]) => {
    let burst: Burst | undefined
    let at = 1000
    for (const gap of gaps) {
      at += gap
      burst = addTo(burst, 1, at, 200)
    }
    return burst !== undefined && isOfScanner(burst)
  }

  it('of a scanner is fast, that of a person is not', () => {
    assert.ok(typed(new Array(300).fill(2)))
    assert.ok(typed(new Array(300).fill(30)))
    assert.ok(!typed(new Array(300).fill(80)))
    assert.ok(!typed(new Array(5).fill(2)))
    // A person types, and a scanner after him: what was typed by hand does not count.
    assert.ok(typed([...new Array(10).fill(150), 500, ...new Array(40).fill(3)]))
  })
})

describe('a code that came in pieces', () => {
  it('is put together when a scanner paused, and two codes never are', () => {
    const before = { text: 'HC1:6BF+7', at: 1000 }
    assert.equal(joined(before, '0790T9', 1800), 'HC1:6BF+70790T9')
    assert.equal(joined(before, '0790T9', 9000), '0790T9')
    assert.equal(joined(before, 'HC1:ABC', 1800), 'HC1:ABC')
    assert.equal(joined(before, 'shc:/56', 1800), 'shc:/56')
    assert.equal(joined({ text: 'P<UTO', at: 1000 }, 'X0001', 1100), 'X0001')
    assert.equal(joined(undefined, 'x', 1), 'x')
  })

  it('ends by silence when it is fast, or when nobody would type it', () => {
    const burst = (milliseconds: number) => ({ characters: 30, first: 0, last: milliseconds })
    assert.ok(isScanned(burst(300), 'a'.repeat(30)) && isScanned(burst(3000), `HC1:${'A'.repeat(26)}`))
    assert.ok(!isScanned(burst(3000), 'a'.repeat(30)) && !isScanned(burst(3000), 'HC1:abc'))
  })
})

describe('a question', () => {
  const settings = {
    jurisdiction: 'CH',
    uses: ['entry', 'care'] as const,
    trustDomains: ['DCC'],
    clock: '2026-06-01T12:00:00.000Z',
  }
  const plain = { jurisdiction: '', uses: [], trustDomains: [], clock: '' }
  const read = (question: Question, asked: Parameters0 = settings) =>
    readEvaluateRequest(
      parametersOf(question, asked) as Parameters,
      { allowRequestTrustAnchors: false, jurisdiction: undefined },
      { now: new Date() },
    )

  it('is what the server reads', () => {
    const mrz = machineReadableZone({ layout: 'TD3', name: 'SPECIMEN<<ADA', born: '850314' }).join('\n')
    const request = read({
      credentials: [['shc:/1/2/56', 'shc:/2/2/57'], ['HC1:B ']],
      identity: { name: ' Ada Specimen ', birthDate: '1985-03', mrz },
      link: { passcode: '1234', recipient: 'Desk 5' },
    })
    assert.deepEqual(request.credential, ['shc:/1/2/56', 'shc:/2/2/57'])
    assert.deepEqual(request.further, [['HC1:B ']])
    assert.deepEqual(request.identity, { name: 'Ada Specimen', birthDate: '1985-03', mrz })
    assert.deepEqual([request.jurisdiction, request.trustDomains, request.clockText], ['CH', ['DCC'], settings.clock])
    assert.deepEqual(
      request.useContexts.map(({ valueCodeableConcept }) => valueCodeableConcept?.coding?.[0]?.code),
      ['entry', 'care'],
    )
    assert.deepEqual([request.followLinks, request.passcode, request.recipient], [true, '1234', 'Desk 5'])
  })

  it('of a picture holds its bytes, and further codes beside it', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251)
    const question = { credentials: [['HC1:B']], picture: { bytes, contentType: 'image/png' } }
    const request = read(question, plain)
    assert.deepEqual(Buffer.from(request.image?.data ?? []), Buffer.from(bytes))
    assert.deepEqual([request.image?.contentType, request.further], ['image/png', [['HC1:B']]])
    assert.deepEqual(expectedOf(question, plain), { credentials: 'picture', together: true })
    assert.equal(request.identity, undefined)
  })

  it('knows what its answer must have', () => {
    const identity = { name: 'Ada', birthDate: '', mrz: '' }
    assert.deepEqual(expectedOf({ credentials: [['a']] }, plain), { credentials: 'text' })
    assert.deepEqual(expectedOf({ credentials: [['a'], ['b']], identity }, settings), {
      credentials: 2,
      together: true,
      identity: true,
      clock: settings.clock,
    })
  })
})

type Parameters0 = globalThis.Parameters<typeof parametersOf>[1]

describe('a person beside the machine-readable lines', () => {
  it('is written as documents write him', () => {
    const name = (text: string, more = {}) => machineReadableName({ text, ...more })
    assert.deepEqual(name('Ada Specimen'), { text: 'ADA<SPECIMEN', isOrdered: false, isTranscribed: false })
    assert.equal(name('Jürgen Großmüller')?.text, 'JUERGEN<GROSSMUELLER')
    assert.equal(name("Anne-Marie O'Neill", { family: "O'Neill", given: 'Anne-Marie' })?.text, 'ONEILL<<ANNE<MARIE')
    assert.equal(name('Анна Щербакова')?.text, 'ANNA<SHCHERBAKOVA')
    assert.equal(name('محمد')?.isTranscribed, true)
    assert.equal(name('王小明'), undefined)
    assert.equal(name('<b>Ada</b>')?.text, 'B<ADA<B')
    assert.equal(name('—'), undefined)
  })

  it('is found on the zone of his own document', () => {
    const [first = ''] = machineReadableZone({ layout: 'TD3', name: 'MUELLER<<ANNE<MARIE', born: '850314' })
    const zone = readMachineReadableZone(
      machineReadableZone({ layout: 'TD3', name: 'MUELLER<<ANNE<MARIE', born: '850314' }).join(''),
      'x',
    )
    const shown = machineReadableName({ text: 'Anne-Marie Müller', family: 'Müller', given: 'Anne-Marie' })
    assert.ok(first.includes(shown?.text ?? '?'))
    assert.equal(machineReadableDate('1985-03-14'), zone.birthDate)
  })

  it('has a date of any precision', () => {
    assert.deepEqual(['1985', '1985-03', '1985-03-14', '', 'x', '1985-3'].map(machineReadableDate), [
      '85<<<<',
      '8503<<',
      '850314',
      undefined,
      undefined,
      undefined,
    ])
    assert.ok(isLatin('Jürgen O’Neill 2') && !isLatin('Анна') && !isLatin('Ada 王'))
  })
})

describe('jurisdictions', () => {
  it('have names, and codes where there are none', () => {
    const all = countries('fr')
    assert.equal(all.length, 250)
    assert.ok(all.some(({ code, name }) => code === 'CH' && name === 'Suisse'))
    assert.deepEqual(
      [countryName('CHE', 'en'), countryName('XA', 'en'), countryName('<b>', 'en')],
      ['Switzerland', 'XA', '<b>'],
    )
  })
})
