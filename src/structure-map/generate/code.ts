/** Text of generated code. What a map says enters it as numbered constants, and as names of members of a form that cannot be anything else. */

import type { Constants } from '../../base/code/generated-code.ts'

/** Names of members that stand in code as they are, between quotes: letters, digits, underscores, or a whole number. */
const PLAIN = /^(?:[A-Za-z_][A-Za-z0-9_]{0,62}|-?[0-9]{1,6})$/

/** Whether a name of a map may be a member of a value: not what every object has. */
export const isMemberName = (name: string): boolean => !(name in Object.prototype)

/** The member of an object; anything but a plain name is a constant. */
export function memberOf(object: string, name: string, constants: Constants): string {
  return `${object}[${PLAIN.test(name) && isMemberName(name) ? `"${name}"` : constants.of(name)}]`
}
