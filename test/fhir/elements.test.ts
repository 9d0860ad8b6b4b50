import assert from 'node:assert/strict'
import { test } from 'node:test'
import model from 'fhirpath/fhir-context/r4'
import {
  choiceProperty,
  elementInfo,
  isPrimitive,
  isResource,
  isSubtype,
  resourceTypes,
  typeInfo,
  typeNames,
} from '../../src/fhir/elements.ts'

test('finds elements by JSON property, choice types by either name', () => {
  assert.deepEqual(elementInfo('Patient', 'name'), {
    name: 'name',
    min: 0,
    max: Number.POSITIVE_INFINITY,
    isArray: true,
    types: ['HumanName'],
    choice: false,
    childType: 'HumanName',
  })
  assert.deepEqual(elementInfo('Observation', 'valueDateTime')?.types, ['dateTime'])
  assert.equal(elementInfo('Observation', 'valueDateTime')?.name, 'value')
  assert.equal(elementInfo('Observation', 'value')?.types.length, 11)
  assert.equal(elementInfo('Observation', 'value')?.childType, 'Element')
  assert.equal(elementInfo('Observation', 'valueAddress'), undefined)
  assert.equal(elementInfo('Patient', 'constructor'), undefined)
  assert.equal(elementInfo('constructor', 'name'), undefined)
})

test('follows backbones, content references and inheritance', () => {
  assert.equal(elementInfo('Patient', 'contact')?.childType, 'Patient.contact')
  assert.equal(elementInfo('Patient.contact', 'name')?.childType, 'HumanName')
  assert.equal(elementInfo('Patient.contact', 'modifierExtension')?.isArray, true)
  assert.equal(elementInfo('Bundle.entry', 'link')?.childType, 'Bundle.link')
  assert.equal(elementInfo('Bundle.entry', 'link')?.contentReference, 'Bundle.link')
  assert.equal(elementInfo('Timing', 'repeat')?.childType, 'Timing.repeat')
  assert.equal(elementInfo('Timing.repeat', 'modifierExtension'), undefined)
  assert.equal(elementInfo('Age', 'value')?.childType, 'decimal')
  assert.equal(elementInfo('Dosage', 'doseAndRate')?.childType, 'Dosage.doseAndRate')
  assert.equal(typeInfo('Patient.contact')?.base, 'BackboneElement')
  assert.deepEqual(
    typeInfo('Patient')
      ?.elements.slice(0, 9)
      .map((each) => each.name),
    ['id', 'meta', 'implicitRules', 'language', 'text', 'contained', 'extension', 'modifierExtension', 'identifier'],
  )
  assert.equal(elementInfo('Extension', 'url')?.xmlAttribute, true)
  assert.equal(elementInfo('Patient', 'id')?.xmlAttribute, undefined)
})

test('knows kinds and subtypes', () => {
  assert.ok(isPrimitive('code') && isPrimitive('xhtml') && !isPrimitive('Coding') && !isPrimitive('Nothing'))
  assert.ok(isResource('Patient') && isResource('DomainResource') && !isResource('Quantity'))
  assert.ok(isSubtype('code', 'string') && isSubtype('Age', 'Quantity') && isSubtype('Patient', 'Resource'))
  assert.ok(isSubtype('Patient.contact', 'BackboneElement') && isSubtype('Patient.contact', 'Element'))
  assert.ok(!isSubtype('string', 'code') && !isSubtype('Nothing', 'Element'))
  assert.equal(resourceTypes().length, 146)
  assert.ok(!typeNames().includes('SubscriptionStatus'))
})

/** Walks every type once, backbones by their path. */
function* everyElement(): Generator<[string, NonNullable<ReturnType<typeof elementInfo>>]> {
  const queue = typeNames().filter((name) => !isPrimitive(name) && name !== 'MetadataResource')
  for (const type of queue) {
    for (const element of typeInfo(type)?.elements ?? []) {
      const found = elementInfo(type, element.name)
      assert.ok(found, `${type}.${element.name}`)
      if (found.childType.includes('.') && !found.contentReference && !queue.includes(found.childType)) {
        queue.push(found.childType)
      }
      yield [`${type}.${element.name}`, found]
    }
  }
}

function isKnownPath(path: string): boolean {
  if (/^[a-z]\w*\.value$/.test(path) || path.startsWith('ElementDefinition.extension.')) return true
  const dot = path.lastIndexOf('.')
  return elementInfo(path.slice(0, dot), path.slice(dot + 1)) !== undefined
}

test("agrees with fhirpath's own R4 model", () => {
  const repeating = model.path2Repeating
  const types = model.path2Type as Record<string, string | { code: string }>
  const differences: string[] = []
  let compared = 0
  for (const [path, found] of everyElement()) {
    compared++
    if (found.contentReference) {
      // That model keeps no cardinality for content references, but agrees on where they lead.
      if (model.pathsDefinedElsewhere[path] !== found.contentReference) differences.push(`${path} reference`)
      continue
    }
    if ((repeating[path] === true) !== found.isArray) differences.push(`${path} cardinality`)
    if (found.choice) {
      const suffixes = found.types.map((type) => choiceProperty('', type)).sort()
      if (suffixes.join() !== [...(model.choiceTypePaths[path] ?? [])].sort().join()) differences.push(`${path} choice`)
      continue
    }
    const theirs = types[path]
    const code = typeof theirs === 'object' ? theirs.code : theirs
    const ours = found.types[0]
    if (code !== ours && !(code === 'System.String' && ['id', 'string', 'uri'].includes(ours ?? ''))) {
      differences.push(`${path} ${code} ${ours}`)
    }
  }
  assert.ok(compared > 7000, String(compared))
  assert.deepEqual(differences, [])
  // Primitives have their `value` there, and one extension of ElementDefinition is spelled out.
  const missing = Object.keys(types).filter((path) => path.includes('.') && !isKnownPath(path))
  assert.deepEqual(missing, [])
})
