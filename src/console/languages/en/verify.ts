/** Texts of the view verify. */
export const verify = { title: 'Verify' }
