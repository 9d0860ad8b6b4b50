/** The code of a certificate holds a person's data: it stands in no address, and in no text that is published. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EditorState } from '@codemirror/state'
import { holdsCode, holdsLongCode, withoutCodes } from '../../src/console/app/refused-code.ts'
import { refusingCodes } from '../../src/console/workbench/editor/refusing-codes.ts'

const codes = [
  `HC1:NCFOXN%TSMAHN-H%OCHBKPO9 8OS4FQ3I7W 0QVBDQZDQD6TDJ96TF82D${'6BF'.repeat(30)}`,
  `shc:/${'5676'.repeat(30)}`,
  `shlink:/${'eyJ1cmwi'.repeat(10)}`,
  `vhlink:/${'eyJ1cmwi'.repeat(10)}`,
  `B64:${'0oRDoQEm'.repeat(10)}`,
]

describe('an address', () => {
  it('keeps no member, path or fragment that holds a code', () => {
    for (const code of codes) {
      const given = encodeURIComponent(code)
      assert.equal(withoutCodes(`/trust?keyId=${given}`), '/trust')
      assert.equal(withoutCodes(`/catalogue?q=a+${given}&status=active`), '/catalogue?status=active')
      assert.equal(withoutCodes(`/catalogue?${given}=x`), '/catalogue')
      assert.equal(withoutCodes(`/catalogue/ValueSet/${given}?form=xml`), '/catalogue?form=xml')
      assert.equal(withoutCodes(`/${given}`), '/')
      assert.equal(withoutCodes(`/trust#${given}`), '/trust')
      assert.equal(withoutCodes(`/trust?keyId=${given.slice(0, 30)}`), '/trust')
    }
  })

  it('is left as it is without one', () => {
    for (const fine of [
      '/',
      '/trust?keyId=AAAA%2BAAAA%3D',
      '/catalogue/find?url=http%3A%2F%2Fexample.org%2Fx%7C1',
      '/manual/a%zz#part',
      '/catalogue?q=HC1',
    ])
      assert.equal(withoutCodes(fine), undefined, fine)
  })
})

describe('a text of one line', () => {
  it('holds a code wherever it begins', () => {
    for (const code of codes) {
      assert.ok(holdsCode(code))
      assert.ok(holdsCode(`abc${code}`))
      assert.ok(holdsLongCode(`// ${code}`))
    }
    for (const fine of ['vaccination', 'urn:uuid:1', 'did:web:x', 'AAAAAAAAAAA=', 'SHC', 'http://hl7.org/fhir'])
      assert.ok(!holdsCode(fine), fine)
  })
})

describe('a text that is written', () => {
  let at = 0
  const told: boolean[] = []
  const begin = (doc = '') => {
    at = 10_000
    return EditorState.create({
      doc,
      extensions: [
        refusingCodes(
          (isRefused) => told.push(isRefused),
          () => at,
        ),
      ],
    })
  }
  const insert = (state: EditorState, text: string, userEvent: string) =>
    state.update({
      changes: { from: state.doc.length, insert: text },
      selection: { anchor: state.doc.length + text.length },
      userEvent,
    }).state
  const type = (state: EditorState, text: string, pace: number) =>
    [...text].reduce((now, each) => {
      at += pace
      return insert(now, each, 'input.type')
    }, state)

  it('takes no code of a scanner, nor what is left of it, and goes on when it is silent', async () => {
    for (const code of codes)
      for (const pace of [1, 20, 40]) {
        told.length = 0
        let state = type(begin('define A: '), `${code}\n`, pace)
        assert.equal(state.doc.toString(), 'define A: ')
        at += 1_100
        state = type(state, 'true', 20)
        assert.equal(state.doc.toString(), 'define A: true')
        await Promise.resolve()
        assert.equal(told.filter(Boolean).length, 1)
        assert.equal(told.at(-1), false)
      }
  })

  it('takes no code that comes at once, alone or among other text', async () => {
    await Promise.resolve()
    for (const code of codes) {
      told.length = 0
      assert.equal(insert(begin('a '), code, 'input.paste').doc.toString(), 'a ')
      assert.equal(insert(begin('a '), `\n ${code}`, 'input.drop').doc.toString(), 'a ')
      assert.equal(insert(begin('a '), `define B: '${code}'`, 'input.paste').doc.toString(), 'a ')
      assert.equal(insert(begin('a '), code, 'input.type').doc.toString(), 'a ')
      await Promise.resolve()
      assert.deepEqual(told, [true, true, true, true])
    }
  })

  it('takes what people type, paste and load', () => {
    const remark = '// HC1: is how codes of the EU begin, shc:/ those of SMART'
    assert.equal(type(begin(), remark, 120).doc.toString(), remark)
    assert.equal(insert(begin(), remark, 'input.paste').doc.toString(), remark)
    assert.equal(type(begin(), 'library X version', 15).doc.toString(), 'library X version')
    const state = begin('old')
    assert.equal(state.update({ changes: { from: 0, to: 3, insert: 'new' } }).state.doc.toString(), 'new')
  })

  it('takes a slowly typed code only until it is certainly one', () => {
    const [code = ''] = codes
    assert.equal(type(begin('x '), code, 120).doc.toString(), 'x ')
  })
})
