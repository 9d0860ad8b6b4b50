/** Axioms of a release (SNOMED CT OWL, functional syntax): which of them say more than its relationships do. */

/** Reference set of axioms in the language OWL. */
export const AXIOMS = '733073007'

/** Of a concept or a property that is told by relationships when it is the only one. */
const isUsual = /^\s*(?:SubClassOf\(:|EquivalentClasses\(|Sub\w+PropertyOf\(|\w+Property\()/
const isOfProperty = /^\s*(?:SubObjectPropertyOf\(\s*ObjectPropertyChain|TransitiveObject|ReflexiveObject)/

/** Whether an axiom that is the only one of its concept says what relationships do not. */
export const saysMore = (axiom: string): boolean => !isUsual.test(axiom)

/** Whether it says how an attribute follows from others. */
export const saysOfProperty = (axiom: string): boolean => isOfProperty.test(axiom)
