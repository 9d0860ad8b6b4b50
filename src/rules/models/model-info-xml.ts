/** A model as the translator reads it: model info, ELM schema r1 (`urn:hl7-org:elm-modelinfo:r1`). */
import { type CqlType, classIn, type LogicalModel, type ModelClass, type ModelElement } from './logical-model.ts'

/** The document for one model. */
export function modelInfoXml(model: LogicalModel): string {
  const { name, version, url, person, classes } = model
  const birthDate = classes
    .find((each) => each.name === person)
    ?.elements.find((each) => each.name === 'birthDate' && each.forms[0]?.type === 'System.Date')
  const attributes = {
    xmlns: 'urn:hl7-org:elm-modelinfo:r1',
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    name,
    version,
    url,
    patientClassName: `${name}.${person}`,
    ...(birthDate ? { patientBirthDatePropertyName: 'birthDate' } : {}),
  }
  const context = { name: 'Patient', keyElement: 'name', ...(birthDate ? { birthDateElement: 'birthDate' } : {}) }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    tag('modelInfo', attributes, [
      tag('requiredModelInfo', { name: 'System', version: '1.0.0' }),
      ...classes.map((each) => classXml(each, name)),
      tag('contextInfo', context, [tag('contextType', { namespace: name, name: person })]),
    ]),
  ].join('\n')
}

function classXml({ name, base, kind, elements, primaryCodePath, resourceTypes }: ModelClass, model: string): string {
  const isRetrievable = kind === 'instance' || kind === 'person'
  return tag(
    'typeInfo',
    {
      'xsi:type': 'ClassInfo',
      namespace: model,
      name,
      ...(base === undefined ? {} : { baseType: `${model}.${base}` }),
      ...(resourceTypes?.[0] === undefined ? {} : { identifier: resourceTypes[0] }),
      retrievable: String(isRetrievable),
      ...(primaryCodePath === undefined ? {} : { primaryCodePath }),
    },
    elements.map((each) => elementXml(each, model)),
  )
}

function elementXml({ name, list, forms }: ModelElement, model: string): string {
  const types = [...new Set(forms.map(({ type }) => type))]
  const [only = 'System.Any'] = types
  const one = types.length > 1 ? choiceXml(types, model) : specifierXml('elementTypeSpecifier', only, model)
  const whole = list ? tag('elementTypeSpecifier', { 'xsi:type': 'ListTypeSpecifier' }, [one]) : one
  return tag('element', { name }, [whole])
}

function choiceXml(types: CqlType[], model: string): string {
  const choices = types.map((each) => specifierXml('choice', each, model))
  return tag('elementTypeSpecifier', { 'xsi:type': 'ChoiceTypeSpecifier' }, choices)
}

function specifierXml(element: string, type: CqlType, model: string): string {
  const point = /^Interval<(System\.\w+)>$/.exec(type)?.[1]
  if (point !== undefined) return tag(element, { 'xsi:type': 'IntervalTypeSpecifier', pointType: point })
  const own = classIn(type)
  const [namespace, name] = own === undefined ? ['System', type.slice('System.'.length)] : [model, own]
  return tag(element, { 'xsi:type': 'NamedTypeSpecifier', namespace, name })
}

function tag(name: string, attributes: Record<string, string>, content: string[] = []): string {
  const written = Object.entries(attributes).map(([each, value]) => ` ${each}="${escaped(value)}"`)
  const open = `<${name}${written.join('')}`
  return content.length === 0 ? `${open}/>` : `${open}>${content.join('')}</${name}>`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string) => text.replace(/[&<>"]/g, (each) => escapes[each] ?? each)
