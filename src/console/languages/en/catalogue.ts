/** Texts of the view catalogue. */
export const catalogue = { title: 'Catalogue' }
