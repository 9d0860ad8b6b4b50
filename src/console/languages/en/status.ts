/** Texts of the view status. */
export const status = { title: 'Status' }
