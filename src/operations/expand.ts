import { input, output } from '../fhir/declare-parameter.ts'
import { defineOperation } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'
import { withBoundValueSet } from './input/bound-value-set.ts'
import { withInstance } from './input/instance-resource.ts'
import { withManifest } from './input/manifest.ts'
import { isPlain } from './input/plain.ts'
import { COMMON_PARAMETERS, MANIFEST_PARAMETER, VALUE_SET_PARAMETERS } from './input/terminology-parameters.ts'

/** `ValueSet/$expand`: the members of a value set, paged, filtered, in any language (IHE ITI-97). */
export const expand = defineOperation<OperationContext>({
  name: 'expand',
  title: 'Value Set Expansion',
  description:
    'Answers the members of a value set. Any page of any size is served by count and offset; an expansion beyond the limit is an error, never cut short.',
  base: 'http://hl7.org/fhir/OperationDefinition/ValueSet-expand',
  type: ['ValueSet'],
  instance: ['ValueSet'],
  get: true,
  costly: true,
  parameters: [
    ...VALUE_SET_PARAMETERS,
    input('context', 'uri', 'StructureDefinition and element (url#path) whose bound value set is meant'),
    input('filter', 'string', 'Every word begins a word of code, display or designation; case does not matter'),
    input('date', 'dateTime', 'The versions that were there on that day, as their dates say'),
    input('offset', 'integer', 'Members to skip'),
    input('count', 'integer', 'Members to answer; 0 for the total alone'),
    input('includeDesignations', 'boolean', 'Answer designations'),
    input('designation', 'string', 'Designation to answer: a language, or system|code of a use', '0..*'),
    input('includeDefinition', 'boolean', 'Answer the definition of the value set too'),
    input('excludeNested', 'boolean', 'Answer a flat list'),
    input('excludeNotForUI', 'boolean', 'Accepted; every member can be shown'),
    input('excludePostCoordinated', 'boolean', 'Accepted; no member is post-coordinated'),
    input(
      'property',
      'string',
      'Property to answer; of every system also definition, parent, child (codes) and childCount (how many concepts stand right below)',
      '0..*',
    ),
    input('exclude-system', 'canonical', 'Code system to leave out, url or url|version', '0..*'),
    MANIFEST_PARAMETER,
    ...COMMON_PARAMETERS,
    output('return', 'ValueSet', 'The value set with its expansion'),
  ],
  handle: async (call, context) => {
    const given = await withBoundValueSet(
      await withInstance(call, context, { name: 'valueSet', type: 'ValueSet' }),
      context.storage,
    )
    const parameters = await withManifest(given, declared, context)
    const threshold = Number(call.headers['x-too-costly-threshold'])
    const resource = await context.terminology.expand(parameters, {
      acceptLanguage: call.acceptLanguage,
      budget: call.budget?.(),
      expansionCodes: Number.isInteger(threshold) && threshold > 0 ? threshold : undefined,
    })
    return { resource }
  },
  atOnce: ({ parameters, acceptLanguage }, { terminology }) =>
    isPlain(parameters) ? terminology.atOnce.expand(parameters, { acceptLanguage }) : undefined,
})

const declared = new Set(expand.parameters.map(({ name }) => name))
