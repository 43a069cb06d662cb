// TransferIO
