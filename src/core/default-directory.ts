/** The directory that jobs use which name none. It is there from the start, but for a store that several instances share. */
export const defaultDirectory = 'DATA_PUMP_DIR';
