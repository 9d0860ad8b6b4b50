import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { readMachineReadableZone } from '../../../src/evaluate/identity/machine-readable-zone.ts'
import type { Word } from '../../../src/evaluate/identity/transliterate.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { type MadeZone, machineReadableZone } from '../../support/machine-readable-zone.ts'
import { walkSections } from '../../support/sections.ts'

interface ZoneCase {
  zone?: string[]
  make?: MadeZone
  /** Surname and given names. */
  words?: string[][]
  born?: string
  isCut?: true
  /** Part of the refusal. */
  says?: string
}

const textOf = ({ letters }: Word) => letters.flat().join('')

walkSections<ZoneCase>('zones.json', import.meta.url, ({ zone, make, words, born, isCut = false, says }) => {
  const lines = zone ?? machineReadableZone(make ?? { layout: 'TD3', name: '', born: '' })
  const read = () => readMachineReadableZone(lines.join('\n'), 'here')
  if (says !== undefined) {
    assert.throws(read, (error) => {
      assert.ok(error instanceof FhirError && error.status === 400)
      assert.ok(error.message.includes(says), error.message)
      assert.doesNotMatch(error.message, /ERIKSSON|L898|STEVENSON|SPECIMEN<|74081/)
      return true
    })
    return
  }
  const { name, birthDate } = read()
  assert.deepEqual(
    name.groups.map((group) => group.map(textOf)),
    words,
  )
  assert.equal(birthDate, born)
  assert.equal(name.isCut, isCut)
})

it('any text is a zone or a refusal, and one changed digit of a date is always a refusal', () => {
  const refuses = (text: string) => {
    try {
      readMachineReadableZone(text, 'here')
      return false
    } catch (error) {
      if (error instanceof FhirError && error.status === 400) return true
      throw error
    }
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AP<019 \n'), maxLength: 100 }), (text) => void refuses(text)),
  )
  const layouts = fc.constantFrom('TD1' as const, 'TD2' as const, 'TD3' as const)
  const born = fc.stringMatching(/^[0-9]{6}$/)
  fc.assert(
    fc.property(layouts, born, fc.nat(5), fc.integer({ min: 1, max: 9 }), (layout, date, at, by) => {
      const text = machineReadableZone({ layout, name: 'SPECIMEN<<ADA', born: date }).join('')
      assert.ok(!refuses(text))
      const column = (layout === 'TD1' ? 30 : layout === 'TD2' ? 36 + 13 : 44 + 13) + at
      const digit = (Number(text[column]) + by) % 10
      assert.ok(refuses(`${text.slice(0, column)}${digit}${text.slice(column + 1)}`))
    }),
  )
})
