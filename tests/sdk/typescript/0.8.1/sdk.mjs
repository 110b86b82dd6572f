// The SDK that is installed beside this file, whatever its exports are called.
export * from '@composio/core';
// Schemas of custom tools must be of the kind that the SDK itself uses.
export { z } from 'zod/v3';
