/** Whom the instances of a model are about. */
import { allElements, classIn, type ModelClass, type ModelElement } from './logical-model.ts'

/**
 * The class that `Patient` is in a library whose first model this is: what instances say beside the parts that they are made of. One
 * that is told in different types is left out; so is a list.
 */
export function personOf(instances: string[], classes: ReadonlyMap<string, ModelClass>): ModelClass {
  const elements = new Map<string, ModelElement | undefined>()
  for (const name of instances) {
    for (const each of allElements(classes, name)) {
      if (each.list || each.forms.some(({ type }) => isPart(type, classes))) continue
      const known = elements.get(each.name)
      const isOther = elements.has(each.name) && JSON.stringify(known) !== JSON.stringify(each)
      elements.set(each.name, isOther ? undefined : each)
    }
  }
  const name = ['Patient', 'Person', 'Holder'].find((each) => !classes.has(each)) ?? 'PersonOfModel'
  return { name, kind: 'person', label: 'Patient', elements: [...elements.values()].flatMap((each) => each ?? []) }
}

function isPart(type: ModelElement['forms'][number]['type'], classes: ReadonlyMap<string, ModelClass>): boolean {
  const name = classIn(type)
  if (name === undefined) return type === 'System.Any'
  const { kind } = classes.get(name) ?? {}
  return kind !== 'datatype'
}
