"""What stands around every page: header, panel, status, and the parts that pages share."""
